import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Rotation } from "../../../agent/base/rotation.ts";
import {
  type DecoderOptions,
  type DecoderStream,
  openDecoder,
  type TimedFrame,
} from "../../../agent/camera/decoder.ts";
import { decoderMemoryMb } from "../../../agent/camera/decoder-process.ts";
import type { AccessUnit, VideoCodec } from "../../../agent/camera/rtsp/access-unit.ts";
import { temporaryFolder } from "../../support/base/temporary-folder.ts";
import { accessUnitsOf, ENCODERS, formatOf } from "../../support/camera/access-units.ts";

const START_MS = 1_700_000_000_000;

function streamOf(codec: VideoCodec, more: Partial<DecoderStream> = {}): DecoderStream {
  const format = { ...(more.format ?? formatOf()), codec };
  return { camera: "door", rotation: 0, size: undefined, fps: undefined, ...more, format };
}

/** Decodes access units and reads as many frames. @returns the frames; `at`: their stream times in tenths of a second */
async function decode(
  stream: DecoderStream,
  units: readonly AccessUnit[],
  expected: number,
  options: Partial<DecoderOptions> = {},
) {
  await using decoder = openDecoder(stream, { signal: new AbortController().signal, ...options });
  const accepted = units.map((unit) => decoder.write(unit, timeOf(unit)));
  const frames: TimedFrame[] = [];
  for await (const frame of decoder.frames) if (frames.push(frame) === expected) break;
  return { frames, at: frames.map(tenths), accepted };
}

function timeOf(unit: AccessUnit): number {
  return START_MS + unit.streamSeconds * 1000;
}

function tenths({ timeMs }: TimedFrame): number {
  return Math.round((timeMs - START_MS) / 100);
}

async function allOf(frames: AsyncIterable<TimedFrame>): Promise<readonly TimedFrame[]> {
  const all: TimedFrame[] = [];
  for await (const frame of frames) all.push(frame);
  return all;
}

function brightnessAt({ width, planes }: TimedFrame, x: number, y: number): number {
  return planes[y * width + x] ?? 0;
}

test.each(Object.keys(ENCODERS) as VideoCodec[])("decodes each frame of %s with its time", async (codec) => {
  const units = accessUnitsOf(codec);
  const { frames, at } = await decode(streamOf(codec), units, units.length);
  expect(at).toEqual(units.map((_, index) => index));
  expect(frames[0]).toMatchObject({ width: 320, height: 240 });
});

test("delivers a frame without waiting for the next access unit", async () => {
  const [first] = accessUnitsOf("H264", { frames: 1 });
  if (first === undefined) throw new Error("no access unit");
  expect((await decode(streamOf("H264"), [first], 1)).at).toEqual([0]);
});

test("decodes key frames alone", async () => {
  for (const codec of ["H264", "H265"] as const) {
    const keys = accessUnitsOf(codec).filter(({ isKey }) => isKey);
    const { at } = await decode(streamOf(codec), keys, keys.length);
    expect(at).toEqual([0, 10]);
  }
});

test("passes at most fps frames per second", async () => {
  const units = accessUnitsOf("H264");
  const { at } = await decode(streamOf("H264", { fps: 5 }), units, 10);
  expect(at).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16, 18]);
});

describe("B frames", () => {
  const OPEN = "bframes=2:b-adapt=0:open-gop=1:keyint=12:min-keyint=12:scenecut=0";
  const CODECS = [
    ["H264", ["-c:v", "libx264", "-preset", "ultrafast", "-x264-params", OPEN]],
    ["H265", ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", `log-level=none:${OPEN}`]],
  ] as const;
  const format = formatOf({ reorderFrames: 2 });

  test.each(CODECS)("frames of %s come in the order of presentation", async (codec, encoder) => {
    const units = accessUnitsOf(codec, { encoder, frames: 30, keyEvery: 12 });
    const { at } = await decode(streamOf(codec, { format }), units, 28);
    const first = at[0] ?? 0;
    expect(at).toEqual(at.map((_, index) => first + index));
  });

  test.each(CODECS)(
    "frames of %s that refer to frames before the start are dropped",
    async (codec, encoder) => {
      const units = accessUnitsOf(codec, { encoder, frames: 30, keyEvery: 12 });
      const second = units.findIndex(({ isKey }, index) => isKey && index > 0);
      const key = units[second];
      if (key === undefined) throw new Error("no second key frame");
      const { at, accepted } = await decode(streamOf(codec, { format }), units.slice(second, second + 9), 4);
      expect(accepted).toEqual([true, false, false, true, true, true, true, true, true]);
      const shown = Math.round(key.streamSeconds * 10);
      expect(at).toEqual([shown, shown + 1, shown + 2, shown + 3]);
    },
  );
});

test("starts with a key frame", async () => {
  const units = accessUnitsOf("H265");
  await using decoder = openDecoder(streamOf("H265"), { signal: new AbortController().signal });
  expect(decoder.needsKeyFrame()).toBe(true);
  const accepted = units.slice(5).map((unit) => decoder.write(unit, timeOf(unit)));
  expect(accepted.indexOf(true)).toBe(5);
  expect(decoder.needsKeyFrame()).toBe(false);
  for await (const frame of decoder.frames) {
    expect(tenths(frame)).toBe(10);
    break;
  }
});

test("puts out no frame of H.264 that refers to a missing one, even if it is marked as a key frame", async () => {
  const units = accessUnitsOf("H264");
  const key = Buffer.from(units[0]?.data ?? []);
  // The parameter sets come before the key frame's first slice.
  const parameters = key.subarray(0, key.indexOf(Uint8Array.of(0, 0, 1, 0x65)));
  const [first, ...others] = units.slice(5);
  if (first === undefined || parameters.length === 0) throw new Error("no access unit with parameter sets");
  const data = Buffer.concat([parameters, first.data]);
  const wrong = { ...first, data, bytes: data.length, isKey: true };
  const { at } = await decode(streamOf("H264"), [wrong, ...others], 1);
  expect(at).toEqual([10]);
});

test("frames with pixels of double width get their true proportions", async () => {
  const format = formatOf({ size: { width: 160, height: 240 }, pixelAspect: 2 });
  const units = accessUnitsOf("H264", { frames: 1, source: "testsrc2=size=160x240:rate=10,setsar=2/1" });
  const { frames } = await decode(streamOf("H264", { format }), units, 1);
  expect(frames[0]).toMatchObject({ width: 320, height: 240 });
});

test.each<[Rotation, number, number, string]>([
  [90, 240, 320, "right"],
  [180, 320, 240, "bottom"],
  [270, 240, 320, "left"],
])("rotates by %i° clockwise", async (rotation, width, height, side) => {
  // The upper half is white.
  const source = "color=black:size=320x240:rate=10,drawbox=w=320:h=120:color=white:t=fill";
  const units = accessUnitsOf("H264", { frames: 1, source });
  const { frames } = await decode(streamOf("H264", { rotation }), units, 1);
  const [frame] = frames;
  if (frame === undefined) throw new Error("no frame");
  expect(frame).toMatchObject({ width, height });
  const sides = {
    left: brightnessAt(frame, 10, height / 2 - 10),
    right: brightnessAt(frame, width - 10, height / 2 - 10),
    bottom: brightnessAt(frame, width / 2, height - 10),
  };
  const [brightest] = Object.entries(sides).sort(([, a], [, b]) => b - a);
  expect(brightest?.[0]).toBe(side);
});

test("decodes interlaced frames", async () => {
  const encoder = [...ENCODERS.H264, "-flags", "+ildct+ilme"];
  const units = accessUnitsOf("H264", { frames: 5, encoder });
  const { at } = await decode(streamOf("H264", { format: formatOf({ isInterlaced: true }) }), units, 5);
  expect(at).toEqual([0, 1, 2, 3, 4]);
});

test("passes no frame of another size", async () => {
  const units = accessUnitsOf("H264", { source: "testsrc2=size=640x480:rate=10", frames: 3 });
  await expect(decode(streamOf("H264"), units, 1)).rejects.toThrow("the frame size has changed");
});

test("refuses giant frames before it starts", () => {
  const format = formatOf({ size: { width: 16_000, height: 16_000 } });
  expect(() => openDecoder(streamOf("H264", { format }), { signal: new AbortController().signal })).toThrow(
    "its frames are too large",
  );
});

test("stops at giant frames that its format does not announce", async () => {
  const units = accessUnitsOf("MJPEG", { source: "color=gray:size=4800x4800:rate=10", frames: 1 });
  await expect(decode(streamOf("MJPEG"), units, 1)).rejects.toThrow("larger than 8.912896 megapixels");
});

test("continues after damaged access units, with the right times", async () => {
  const units = accessUnitsOf("H264", { frames: 30 });
  const writes = units.map((unit, index) => {
    const garbage = Uint8Array.from({ length: unit.bytes }, (_, at) => (at * 7919 + index) % 251);
    return index > 4 && index < 9 ? { ...unit, data: garbage } : unit;
  });
  await using decoder = openDecoder(streamOf("H264"), { signal: new AbortController().signal });
  for (const unit of writes) decoder.write(unit, timeOf(unit));
  const at: number[] = [];
  for await (const frame of decoder.frames) if (at.push(tenths(frame)) > 0 && at.at(-1) === 29) break;
  expect(at.slice(0, 5)).toEqual([0, 1, 2, 3, 4]);
  expect(at.slice(-20)).toEqual(Array.from({ length: 20 }, (_, index) => 10 + index));
});

test("fails if access units are written but nothing can be decoded", async () => {
  const [first] = accessUnitsOf("H264", { frames: 1 });
  if (first === undefined) throw new Error("no access unit");
  const garbage = { ...first, data: new Uint8Array(first.bytes).fill(7) };
  await expect(
    decode(streamOf("H264"), [garbage, garbage, garbage], 1, { stuckAfterMs: 300 }),
  ).rejects.toThrow("door: ffmpeg decodes no frame: expected one within 0.3 s of the data, received none");
});

test("explains why ffmpeg ended", async () => {
  await expect(decode(streamOf("H264"), [], 1, { ffmpeg: "false" })).rejects.toThrow(
    "door: the decoder ended",
  );
});

test.each([
  ["KILL", "door: ffmpeg was killed (SIGKILL)"],
  ["SEGV", "door: ffmpeg crashed (SIGSEGV)"],
])("says that signal %s ended ffmpeg", async (signal, message) => {
  await using folder = await temporaryFolder();
  const ffmpeg = join(folder.path, "ffmpeg");
  writeFileSync(ffmpeg, `#!/bin/sh\nkill -${signal} $$\n`, { mode: 0o755 });
  await expect(decode(streamOf("H264"), [], 1, { ffmpeg })).rejects.toThrow(message);
});

test("is not installed", () => {
  const open = () =>
    openDecoder(streamOf("H264"), { signal: new AbortController().signal, ffmpeg: "/no/ffmpeg" });
  expect(open).toThrow("/no/ffmpeg is not installed");
});

test("ends without an error when it is aborted or left", async () => {
  const stop = new AbortController();
  await using aborted = openDecoder(streamOf("H264"), { signal: stop.signal });
  const read = allOf(aborted.frames);
  stop.abort();
  expect(await read).toEqual([]);

  const left = openDecoder(streamOf("H264"), { signal: new AbortController().signal });
  const reading = allOf(left.frames);
  await left[Symbol.asyncDispose]();
  expect(await reading).toEqual([]);
});

test("drops access units when ffmpeg no longer reads, until a key frame", async () => {
  const [first] = accessUnitsOf("H264", { frames: 1 });
  if (first === undefined) throw new Error("no access unit");
  const large = { ...first, data: new Uint8Array(33e6), bytes: 33e6 };
  await using decoder = openDecoder(streamOf("H264"), { signal: new AbortController().signal });
  expect(decoder.write(large, 0)).toBe(true);
  expect(decoder.backlogBytes()).toBeGreaterThan(32e6);
  expect(decoder.write(first, 40)).toBe(false);
  expect(decoder.needsKeyFrame()).toBe(true);
});

test("decodes in software where the device does not exist, from the next key frame on", async () => {
  const units = accessUnitsOf("H264");
  const reasons: string[] = [];
  const hardware = { args: ["-c:v", "h264_v4l2m2m"], onFailure: (reason: string) => reasons.push(reason) };
  await using decoder = openDecoder(streamOf("H264", { hardware }), { signal: new AbortController().signal });
  const frames = decoder.frames[Symbol.asyncIterator]();
  const first = frames.next();
  for (const unit of units.slice(0, 5)) decoder.write(unit, timeOf(unit));
  await expect.poll(() => reasons, { timeout: 10_000 }).toEqual(["Could not find a valid device"]);
  expect(decoder.needsKeyFrame()).toBe(true);
  for (const unit of units.slice(5)) decoder.write(unit, timeOf(unit));
  const { value } = await first;
  expect(value && tenths(value)).toBe(10);
});

test("limits memory by the size of the frames, to less than 400 MB", () => {
  expect(decoderMemoryMb({ width: 768, height: 432 })).toBe(91);
  expect(decoderMemoryMb({ width: 1920, height: 1088 })).toBe(149);
  expect(decoderMemoryMb({ width: 4096, height: 2176 })).toBe(375);
});
