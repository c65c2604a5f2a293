import { expect, test } from "vitest";
import { partList } from "../../../../agent/camera/rtsp/part-list.ts";

const RECEIVED_BYTES = 262_144;

test("parts of a few bytes do not keep the large buffers alive in which they were received", () => {
  const list = partList();
  for (let count = 0; count < 3; count++)
    list.add(new Uint8Array(RECEIVED_BYTES).fill(count, 5).subarray(4, 6));
  const parts = list.take();
  expect(Buffer.concat(parts)).toEqual(Buffer.from([0, 0, 0, 1, 0, 2]));
  expect(parts.every(({ buffer }) => buffer.byteLength < RECEIVED_BYTES)).toBe(true);
});

test("parts that fill their buffers are not copied", () => {
  const part = new Uint8Array(RECEIVED_BYTES).subarray(100);
  const list = partList();
  list.add(part);
  expect(list.take()[0]).toBe(part);
});

test("many parts of one buffer count as one buffer", () => {
  const list = partList();
  const received = new Uint8Array(RECEIVED_BYTES);
  for (let count = 0; count < 1000; count++) {
    list.add(Uint8Array.of(0, 0, 0, 1));
    list.add(received.subarray(count * 200, (count + 1) * 200));
  }
  expect(list.isOverfull()).toBe(false);
  expect(Buffer.concat(list.take())).toHaveLength(204_000);
});

test("parts in buffers of more than 32 MB together are dropped", () => {
  const list = partList();
  for (let count = 0; count < 140; count++) list.add(new Uint8Array(RECEIVED_BYTES).subarray(0, 1));
  expect(list.isOverfull()).toBe(true);
  expect(list.take()).toEqual([]);
});

test("more than 16384 parts are dropped, however small", () => {
  const list = partList();
  const part = Uint8Array.of(1);
  for (let count = 0; count < 16_384; count++) list.add(part);
  expect(list.isOverfull()).toBe(false);
  list.add(part);
  expect(list.isOverfull()).toBe(true);
  expect(list.take()).toEqual([]);
});

test("more than 8 MiB are dropped, and the list starts again", () => {
  const list = partList();
  const half = new Uint8Array(4 * 2 ** 20);
  for (const part of [half, half]) list.add(part);
  expect(list.isOverfull()).toBe(false);
  list.add(Uint8Array.of(1));
  expect(list.isOverfull()).toBe(true);
  list.add(half);
  expect(list.take()).toEqual([]);
  list.add(Uint8Array.of(2));
  expect(list.take()).toEqual([Uint8Array.of(2)]);
});
