import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ConfigError } from "../../agent/base/errors.ts";
import { type Clip, readClip } from "../../agent/camera/clip.ts";
import type { Frame } from "../../agent/camera/frame.ts";
import { makeTestClip, type TestClip } from "../support/camera/test-clip.ts";

let recording: TestClip;
beforeAll(() => {
  recording = makeTestClip({ width: 64, height: 48, fps: 10, seconds: 2 });
});
afterAll(() => recording[Symbol.dispose]());

async function read(clip: Partial<Clip> = {}, onFrame = async () => {}): Promise<Frame[]> {
  const frames: Frame[] = [];
  const options = { signal: new AbortController().signal };
  for await (const frame of readClip({ camera: "clip", file: recording.file, ...clip }, options)) {
    frames.push(frame);
    await onFrame();
  }
  return frames;
}

test("all frames of a clip are read, in the clip's size, with their position as time", async () => {
  const frames = await read();
  expect(frames).toHaveLength(20);
  expect(frames.map(({ timeMs }) => timeMs)).toEqual(Array.from({ length: 20 }, (_, index) => index * 100));
  expect(frames[0]).toMatchObject({ camera: "clip", width: 64, height: 48 });
});

test("a clip is read at the given rate and size", async () => {
  const frames = await read({ fps: 5, size: { width: 32, height: 24 } });
  expect(frames.map(({ timeMs }) => timeMs)).toEqual([0, 200, 400, 600, 800, 1000, 1200, 1400, 1600, 1800]);
  expect(frames[0]?.planes.length).toBe((32 * 24 * 3) / 2);
});

test("a clip is rotated before it gets its size", async () => {
  const [original] = await read();
  const [rotated] = await read({ rotate: 90 });
  const [back] = await read({ rotate: 90, size: { width: 24, height: 32 } });
  if (original === undefined || rotated === undefined) throw new Error("no frame");
  expect(rotated).toMatchObject({ width: 48, height: 64 });
  expect(back).toMatchObject({ width: 24, height: 32 });
  for (const [x, y] of [
    [3, 5],
    [50, 7],
    [30, 40],
  ] as const) {
    expect(rotated.planes[x * 48 + (47 - y)]).toBe(original.planes[y * 64 + x]);
  }
});

test("a clip whose decoder is killed halfway is an error, not a short clip", async () => {
  const stop = new AbortController();
  const folder = mkdtempSync(join(tmpdir(), "sabrewing-killed-"));
  const ffmpeg = join(folder, "ffmpeg");
  writeFileSync(ffmpeg, `#!/bin/sh\nhead -c ${64 * 48 * 1.5} /dev/zero; kill -KILL $$\n`, { mode: 0o755 });
  const frames = readClip({ camera: "clip", file: recording.file }, { signal: stop.signal, ffmpeg });
  expect((await frames.next()).done).toBe(false);
  await expect(frames.next()).rejects.toThrow("ffmpeg was killed (SIGKILL)");
  rmSync(folder, { recursive: true });
});

test("a slow consumer loses no frame", async () => {
  const frames = await read({}, () => new Promise((resolve) => setTimeout(resolve, 5)));
  expect(frames.map(({ sequence }) => sequence)).toEqual([...Array(20).keys()]);
});

test("the same clip gives the same pixels every time", async () => {
  const [first, second] = [await read({ fps: 2 }), await read({ fps: 2 })];
  expect(second).toEqual(first);
});

test.each(["2026-11-29T11:00:00.mp4", "http:clip.mp4", "pipe:0", "-i.mp4", "a b%20'c$%03d.mp4"])(
  "a clip named %s is opened as a file",
  async (name) => {
    const file = join(dirname(recording.file), name);
    copyFileSync(recording.file, file);
    expect(await read({ file })).toHaveLength(20);
  },
);

test.each([
  ["pixels of double width", ["-vf", "scale=32:48,setsar=2/1"], []],
  [
    "pixels of half width, turned",
    ["-vf", "transpose=clock,scale=96:64,setsar=1/2"],
    ["-metadata:s:v", "rotate=90"],
  ],
])("a clip with %s is shown upright and with square pixels", async (_what, filter, metadata) => {
  const coded = join(dirname(recording.file), "coded.mp4");
  const file = join(dirname(recording.file), "odd.mp4");
  const quiet = ["-v", "error", "-nostdin", "-y", "-i"];
  execFileSync("ffmpeg", [...quiet, recording.file, ...filter, coded]);
  execFileSync("ffmpeg", [...quiet, coded, "-c", "copy", ...metadata, file]);
  const [frame] = await read({ file });
  const [original] = await read();
  if (frame === undefined || original === undefined) throw new Error("no frame");
  expect([frame.width, frame.height]).toEqual([64, 48]);
  const difference = frame.planes.map((value, index) => Math.abs(value - (original.planes[index] ?? 0)));
  expect(difference.reduce((sum, value) => sum + value, 0) / difference.length).toBeLessThan(20);
});

test("a folder in place of a clip is reported as a folder", async () => {
  await expect(read({ file: dirname(recording.file) })).rejects.toThrow("is a folder");
});

test("a missing clip is reported by name", async () => {
  await expect(read({ file: "/nowhere/clip.mp4" })).rejects.toThrow("cannot read the clip /nowhere/clip.mp4");
});

test("a file that is not a video is a configuration error", async () => {
  const file = join(recording.file, "..", "notes.mp4");
  writeFileSync(file, "not a video");
  const reading = read({ file });
  await expect(reading).rejects.toThrow(ConfigError);
  await expect(reading).rejects.toThrow("contains no video that ffmpeg can decode");
});
