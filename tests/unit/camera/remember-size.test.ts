import { expect, test } from "vitest";
import type { Size } from "../../../agent/base/box.ts";
import type { Frame } from "../../../agent/camera/frame.ts";
import { rememberSize, SizeChanged } from "../../../agent/camera/remember-size.ts";
import { greyFrame } from "../../support/camera/raw-frames.ts";

test("reopens a camera with the size of its last frame, and probes after a stream without frames", async () => {
  const expected: (Size | undefined)[] = [];
  const shows: Size[][] = [
    [{ width: 8, height: 6 }],
    [{ width: 8, height: 6 }],
    [],
    [{ width: 4, height: 2 }],
    [],
  ];
  const open = rememberSize((size) => {
    expected.push(size);
    return framesOf(shows.shift() ?? []);
  });
  while (shows.length > 0) await readAll(open());
  expect(expected).toEqual([
    undefined,
    { width: 8, height: 6 },
    { width: 8, height: 6 },
    undefined,
    { width: 4, height: 2 },
  ]);
});

test("remembers the size of a stream that fails after a frame", async () => {
  const expected: (Size | undefined)[] = [];
  const open = rememberSize(async function* (size) {
    expected.push(size);
    yield* framesOf([{ width: 8, height: 6 }]);
    throw new Error("gone");
  });
  await expect(readAll(open())).rejects.toThrow("gone");
  await expect(readAll(open())).rejects.toThrow("gone");
  expect(expected).toEqual([undefined, { width: 8, height: 6 }]);
});

test("probes a camera that returns with another size at once, and once", async () => {
  const expected: (Size | undefined)[] = [];
  const changed = new SizeChanged("door: the frame size has changed", "Nothing to do.");
  const shows: readonly Size[][] = [[{ width: 8, height: 6 }], [], [{ width: 4, height: 2 }], [], []];
  const open = rememberSize(async function* (size) {
    const sizes = shows[expected.length] ?? [];
    expected.push(size);
    yield* framesOf(sizes);
    if (sizes.length === 0) throw changed;
  });
  await readAll(open());
  expect(await sizesOf(open())).toEqual([{ width: 4, height: 2 }]);
  await expect(readAll(open())).rejects.toThrow(changed);
  expect(expected).toEqual([
    undefined,
    { width: 8, height: 6 },
    undefined,
    { width: 4, height: 2 },
    undefined,
  ]);
});

test("fails when the size changes in mid-stream", async () => {
  const changed = new SizeChanged("door: the frame size has changed", "Nothing to do.");
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
    const frame = greyFrame(width, height, new Uint8Array(width * height));
    yield { camera: "door", sequence: 0, timeMs: 0, ...frame };
  }
}
