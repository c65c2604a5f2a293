import { expect, test } from "vitest";
import { unitBuffer } from "../../../../agent/camera/rtsp/unit-buffer.ts";

const MEBIBYTE = 2 ** 20;

test("joins copies of the parts in memory of their own", () => {
  const buffer = unitBuffer();
  const received = Uint8Array.of(1, 2, 3, 4);
  buffer.add(received.subarray(1, 3));
  received.fill(9);
  buffer.add(Uint8Array.of(5));
  expect(buffer.bytes()).toBe(3);
  const first = buffer.take([Uint8Array.of(0)]);
  buffer.add(Uint8Array.of(7));
  const second = buffer.take();
  expect([...first]).toEqual([0, 2, 3, 5]);
  expect([...second]).toEqual([7]);
  expect(first.buffer.byteLength).toBe(4);
  expect(buffer.take()).toHaveLength(0);
});

test("takes parts of any size, in any number", () => {
  const buffer = unitBuffer();
  const parts = Array.from({ length: 3000 }, (_, index) => new Uint8Array((index * 37) % 1500).fill(index));
  for (const part of parts) buffer.add(part);
  expect(Buffer.compare(buffer.take(), Buffer.concat(parts))).toBe(0);
});

test("drops an access unit of more than 8 MB, and takes the next one", () => {
  const buffer = unitBuffer();
  for (let count = 0; count < 8; count++) buffer.add(new Uint8Array(MEBIBYTE));
  expect(buffer.isOverfull()).toBe(false);
  buffer.add(Uint8Array.of(1));
  expect(buffer.isOverfull()).toBe(true);
  buffer.add(Uint8Array.of(2));
  expect(buffer.take([Uint8Array.of(3)])).toHaveLength(0);
  buffer.add(Uint8Array.of(4));
  expect([...buffer.take()]).toEqual([4]);
});
