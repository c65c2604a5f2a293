import { expect, test } from "vitest";
import type { AccessUnit } from "../../../../agent/camera/rtsp/access-unit.ts";
import { cameraUnits } from "../../../../agent/view/live/camera-units.ts";
import { CameraVideo } from "../../../../agent/view/live/camera-video.ts";
import { accessUnitsOf, formatOf } from "../../../support/camera/access-units.ts";

const SMALL = accessUnitsOf("H264", { frames: 10 });
const LARGE_SIZE = { width: 640, height: 480 };
const LARGE = accessUnitsOf("H264", {
  source: "testsrc2=size=640x480:rate=10",
  frames: 10,
  format: formatOf({ size: LARGE_SIZE }),
});

/** The width in the last sequence header of MPEG-1 video (ISO 11172-2, 2.4.2.3). */
function widthOf(video: Buffer): number | undefined {
  const at = video.lastIndexOf(Uint8Array.of(0, 0, 1, 0xb3));
  return at < 0 || at + 6 > video.length ? undefined : video.readUInt16BE(at + 4) >> 4;
}

function startVideo() {
  const units = cameraUnits();
  const stop = new AbortController();
  const ends: unknown[] = [];
  let video = Buffer.alloc(0);
  new CameraVideo({
    name: "door",
    units,
    signal: stop.signal,
    onData(part) {
      video = Buffer.concat([video, part]);
    },
    onEnd: (end) => void ends.push(end),
  });
  const publish = (all: readonly AccessUnit[]) => all.forEach(units.publish);
  return { publish, ends, width: () => widthOf(video), stop };
}

test("the video continues after a change of the format, in the new size", async () => {
  const { publish, ends, width, stop } = startVideo();
  publish(SMALL);
  await expect.poll(width, { timeout: 20_000 }).toBe(320);
  publish(LARGE);
  await expect.poll(width, { timeout: 20_000 }).toBe(640);
  expect(ends).toEqual([]);
  stop.abort();
  await expect.poll(() => ends.length, { timeout: 20_000 }).toBe(1);
});

test("a video that is stopped before the first key frame ends without an error", async () => {
  const { ends, stop } = startVideo();
  stop.abort();
  await expect.poll(() => ends).toEqual([undefined]);
});
