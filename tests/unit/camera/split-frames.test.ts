import { expect, test } from "vitest";
import { splitFrames } from "../../../agent/camera/split-frames.ts";

async function split(bytes: Uint8Array, chunkBytes: number, frameBytes: number): Promise<number[][]> {
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.slice(at, at + chunkBytes);
  }
  const frames: number[][] = [];
  for await (const frame of splitFrames(chunks(), frameBytes)) frames.push([...frame]);
  return frames;
}

const twelve = Uint8Array.from({ length: 12 }, (_, index) => index);

test.each([1, 2, 3, 4, 5, 6, 7, 11, 12])("joins frames from chunks of %i bytes", async (chunkBytes) => {
  expect(await split(twelve, chunkBytes, 4)).toEqual([
    [0, 1, 2, 3],
    [4, 5, 6, 7],
    [8, 9, 10, 11],
  ]);
});

test("drops an incomplete last frame", async () => {
  expect(await split(twelve, 5, 8)).toEqual([[0, 1, 2, 3, 4, 5, 6, 7]]);
});

test("does not change a frame while it reads the next ones", async () => {
  async function* chunks() {
    yield Uint8Array.of(1, 1, 2);
    yield Uint8Array.of(2);
  }
  const frames: Uint8Array[] = [];
  for await (const frame of splitFrames(chunks(), 2)) frames.push(frame);
  expect(frames.map((frame) => [...frame])).toEqual([
    [1, 1],
    [2, 2],
  ]);
});

test("releases the memory of chunks without waiting for the garbage collector", async () => {
  const chunk = Uint8Array.of(1, 2, 3, 4);
  const view = Uint8Array.of(5, 6, 7, 8).subarray(0, 2);
  async function* chunks() {
    yield chunk;
    yield view;
  }
  const frames: number[][] = [];
  for await (const frame of splitFrames(chunks(), 6)) frames.push([...frame]);
  expect(frames).toEqual([[1, 2, 3, 4, 5, 6]]);
  expect(chunk).toHaveLength(0);
  // A part of a larger buffer must not be released.
  expect(view).toHaveLength(2);
});
