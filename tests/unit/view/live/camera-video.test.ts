import { expect, test } from "vitest";
import type { TimedUnit } from "../../../../agent/camera/decode-plan.ts";
import { cameraUnits } from "../../../../agent/view/live/camera-units.ts";
import { CameraVideo } from "../../../../agent/view/live/camera-video.ts";
import { unixTimeOf } from "../../../../agent/view/page/pts.ts";
import { tsFrames } from "../../../../agent/view/page/ts-frames.ts";
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

const NOW = 1_796_000_000_000;

function startVideo(toUnixMs = (ms: number) => ms) {
  const units = cameraUnits();
  const stop = new AbortController();
  const ends: unknown[] = [];
  let video = Buffer.alloc(0);
  new CameraVideo({
    name: "door",
    units,
    toUnixMs,
    signal: stop.signal,
    onData(part) {
      video = Buffer.concat([video, part]);
    },
    onEnd: (end) => void ends.push(end),
  });
  const publish = (all: readonly TimedUnit[]) => all.forEach(units.publish);
  return { publish, ends, width: () => widthOf(video), frames: () => tsFrames().push(video), stop };
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

test("the presentation times of the video are the Unix times of the frames", async () => {
  const { publish, ends, frames, stop } = startVideo((ms: number) => NOW + ms);
  publish(SMALL);
  await expect.poll(() => frames().length, { timeout: 20_000 }).toBeGreaterThan(2);
  const times = frames().map(({ pts }) => Math.round(unixTimeOf(pts, NOW)) - NOW);
  // The group is a second old: only its newest frames are shown. The encoder rounds times to 40 ms.
  expect(Math.min(...times)).toBeGreaterThanOrEqual(380);
  for (const ms of times) expect(Math.abs(ms - Math.round(ms / 100) * 100)).toBeLessThanOrEqual(20);
  stop.abort();
  await expect.poll(() => ends.length, { timeout: 20_000 }).toBe(1);
});

test("a video whose clock is set continues with the right times", async () => {
  const clock = { aheadMs: 0 };
  const { publish, ends, frames, stop } = startVideo((ms: number) => NOW + ms + clock.aheadMs);
  publish(SMALL);
  await expect.poll(() => frames().length, { timeout: 20_000 }).toBeGreaterThan(2);
  clock.aheadMs = 3_600_000;
  publish(SMALL.map((unit) => ({ ...unit, timeMs: unit.timeMs + 1_000 })));
  const newest = () => unixTimeOf(frames().at(-1)?.pts ?? 0, NOW) - NOW;
  await expect.poll(newest, { timeout: 20_000 }).toBeGreaterThan(3_600_000);
  expect(ends).toEqual([]);
  stop.abort();
  await expect.poll(() => ends.length, { timeout: 20_000 }).toBe(1);
});
