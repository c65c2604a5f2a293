import { expect, test } from "vitest";
import type { Size } from "../../../agent/base/box.ts";
import type { Frame } from "../../../agent/camera/frame.ts";
import { SizeChanged } from "../../../agent/camera/only-of-size.ts";
import { rememberSize } from "../../../agent/camera/remember-size.ts";
import { greyPicture } from "../../support/camera/video-picture.ts";

test("a camera that is opened again is supposed to have the size of its last picture, until a stream has none", async () => {
  const supposed: (Size | undefined)[] = [];
  const shows: Size[][] = [
    [{ width: 8, height: 6 }],
    [{ width: 8, height: 6 }],
    [],
    [{ width: 4, height: 2 }],
    [],
  ];
  const open = rememberSize((size) => {
    supposed.push(size);
    return framesOf(shows.shift() ?? []);
  });
  while (shows.length > 0) await readAll(open());
  expect(supposed).toEqual([
    undefined,
    { width: 8, height: 6 },
    { width: 8, height: 6 },
    undefined,
    { width: 4, height: 2 },
  ]);
});

test("a stream that breaks off after a picture has told its size", async () => {
  const supposed: (Size | undefined)[] = [];
  const open = rememberSize(async function* (size) {
    supposed.push(size);
    yield* framesOf([{ width: 8, height: 6 }]);
    throw new Error("gone");
  });
  await expect(readAll(open())).rejects.toThrow("gone");
  await expect(readAll(open())).rejects.toThrow("gone");
  expect(supposed).toEqual([undefined, { width: 8, height: 6 }]);
});

test("a camera that has come back with another size is asked at once, and once", async () => {
  const supposed: (Size | undefined)[] = [];
  const changed = new SizeChanged("door: the size of its pictures has changed", "Nothing to do.");
  const shows: readonly Size[][] = [[{ width: 8, height: 6 }], [], [{ width: 4, height: 2 }], [], []];
  const open = rememberSize(async function* (size) {
    const sizes = shows[supposed.length] ?? [];
    supposed.push(size);
    yield* framesOf(sizes);
    if (sizes.length === 0) throw changed;
  });
  await readAll(open());
  expect(await sizesOf(open())).toEqual([{ width: 4, height: 2 }]);
  await expect(readAll(open())).rejects.toThrow(changed);
  expect(supposed).toEqual([
    undefined,
    { width: 8, height: 6 },
    undefined,
    { width: 4, height: 2 },
    undefined,
  ]);
});

test("a size that changes in mid-stream ends the stream", async () => {
  const changed = new SizeChanged("door: the size of its pictures has changed", "Nothing to do.");
  let opened = 0;
  const open = rememberSize(async function* () {
    opened++;
    yield* framesOf([{ width: 8, height: 6 }]);
    throw changed;
  });
  await expect(readAll(open())).rejects.toThrow(changed);
  await expect(readAll(open())).rejects.toThrow(changed);
  expect(opened).toBe(2);
});

async function sizesOf(frames: AsyncIterable<Frame>): Promise<Size[]> {
  const sizes: Size[] = [];
  for await (const { width, height } of frames) sizes.push({ width, height });
  return sizes;
}

async function readAll(frames: AsyncIterable<Frame>): Promise<void> {
  for await (const _ of frames);
}

async function* framesOf(sizes: readonly Size[]): AsyncGenerator<Frame> {
  for (const { width, height } of sizes) {
    const picture = greyPicture(width, height, new Uint8Array(width * height));
    yield { camera: "door", sequence: 0, timeMs: 0, ...picture };
  }
}
