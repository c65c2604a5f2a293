import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { type TsFrame, tsFrames } from "../../../../agent/view/page/ts-frames.ts";

/** Fifty frames of a moving test picture, a key frame every ten frames, as the agent encodes video. */
const VIDEO = execFileSync(
  "ffmpeg",
  [
    ...["-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25", "-frames:v", "50", "-g", "10"],
    ...[
      "-c:v",
      "mpeg1video",
      "-bf",
      "0",
      "-avoid_negative_ts",
      "disabled",
      "-muxdelay",
      "0",
      "-muxpreload",
      "0",
      "-f",
      "mpegts",
      "pipe:1",
    ],
  ],
  { maxBuffer: 10e6 },
);
const FRAME = 90_000 / 25;

function framesOf(parts: readonly Uint8Array[]): readonly TsFrame[] {
  const cutter = tsFrames();
  return parts.flatMap((part) => cutter.push(part));
}

function inParts(bytes: Uint8Array, size: number): readonly Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  );
}

const times = (frames: readonly TsFrame[]) => frames.map(({ pts }) => pts);

test.each([1, 100, 188, 1000, 1e6])("cuts the video into its frames, in parts of %i bytes", (size) => {
  const frames = framesOf(inParts(VIDEO, size));
  expect(times(frames).slice(0, 49)).toEqual(Array.from({ length: 49 }, (_, index) => index * FRAME));
  expect(frames.every(({ packets }) => packets.length % 188 === 0)).toBe(true);
});

test("a frame is complete with its last packet, without waiting for the next frame", () => {
  const second = VIDEO.length - 188;
  const early = framesOf([VIDEO.subarray(0, second)]).length;
  expect(framesOf([VIDEO]).length).toBe(early + 1);
});

test("a viewer that joins, or loses packets, continues at a key frame", () => {
  const packets = inParts(VIDEO, 188);
  const joined = framesOf(packets.slice(40));
  expect((joined[0]?.pts ?? 1) % (10 * FRAME)).toBe(0);
  const lost = framesOf([...packets.slice(0, 60), ...packets.slice(65)]);
  const gap = times(lost).findIndex((pts, index) => index > 0 && pts - (lost[index - 1]?.pts ?? 0) > FRAME);
  expect((lost[gap]?.pts ?? 1) % (10 * FRAME)).toBe(0);
});

test("a presentation time of 33 bits is read exactly, and bytes that are no packets are skipped", () => {
  const shifted = execFileSync(
    "ffmpeg",
    [
      ...["-v", "error", "-i", "pipe:0", "-c", "copy", "-output_ts_offset", "95443"],
      ...["-avoid_negative_ts", "disabled", "-muxdelay", "0", "-muxpreload", "0", "-f", "mpegts", "pipe:1"],
    ],
    { input: VIDEO, maxBuffer: 10e6, stdio: ["pipe", "pipe", "ignore"] },
  );
  const [frame] = framesOf([Uint8Array.of(1, 2, 3), shifted]);
  expect(frame?.pts).toBe(95_443 * 90_000);
});
