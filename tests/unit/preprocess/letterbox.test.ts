import { expect, test } from "vitest";
import { letterbox, type Picture } from "../../../agent/preprocess/letterbox.ts";
import { letterboxGeometry } from "../../../agent/preprocess/letterbox-geometry.ts";

const hd = { width: 1280, height: 720 };

test("a wide picture gets borders above and below", () => {
  const { inner, left, top, right, bottom } = letterboxGeometry(hd, { width: 320, height: 320 });
  expect({ inner, left, top, right, bottom }).toEqual({
    inner: { width: 320, height: 180 },
    left: 0,
    top: 70,
    right: 0,
    bottom: 70,
  });
});

test("an odd border is one pixel wider below and on the right", () => {
  expect(letterboxGeometry({ width: 101, height: 100 }, { width: 101, height: 101 })).toMatchObject({
    top: 0,
    bottom: 1,
  });
  expect(letterboxGeometry({ width: 100, height: 101 }, { width: 101, height: 101 })).toMatchObject({
    left: 0,
    right: 1,
  });
});

test("a small picture is enlarged", () => {
  expect(letterboxGeometry({ width: 100, height: 50 }, { width: 320, height: 320 }).inner).toEqual({
    width: 320,
    height: 160,
  });
});

test("a very narrow picture keeps at least one pixel", () => {
  expect(letterboxGeometry({ width: 1, height: 4000 }, { width: 32, height: 32 }).inner).toEqual({
    width: 1,
    height: 32,
  });
});

test.each([
  [hd, { width: 320, height: 320 }],
  [hd, { width: 640, height: 384 }],
  [
    { width: 333, height: 777 },
    { width: 640, height: 384 },
  ],
])("the picture of %o in %o maps back to its own corners", (picture, input) => {
  const { inner, left, top, toFrame } = letterboxGeometry(picture, input);
  const box = toFrame([left, top, left + inner.width, top + inner.height]);
  expect(box).toEqual([0, 0, picture.width, picture.height]);
});

test("a box that reaches into the border is cut off at the picture's edge", () => {
  const { toFrame } = letterboxGeometry(hd, { width: 320, height: 320 });
  expect(toFrame([-5, 10, 100, 300])).toEqual([0, 0, 400, 720]);
});

function plain(width: number, height: number, colour: readonly [number, number, number]): Picture {
  const pixels = Uint8Array.from({ length: width * height * 3 }, (_, index) => colour[index % 3] ?? 0);
  return { width, height, pixels };
}

function pixel({ pixels, width }: Picture, x: number, y: number): number[] {
  return [...pixels.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];
}

test("the picture keeps its colour and the border is grey", async () => {
  const boxed = await letterbox(plain(128, 64, [200, 30, 7]), { width: 64, height: 64 });
  expect(boxed.pixels).toHaveLength(64 * 64 * 3);
  expect(pixel(boxed, 32, 15)).toEqual([114, 114, 114]);
  expect(pixel(boxed, 0, 16)).toEqual([200, 30, 7]);
  expect(pixel(boxed, 63, 47)).toEqual([200, 30, 7]);
  expect(pixel(boxed, 32, 48)).toEqual([114, 114, 114]);
});

test("a picture that only lacks its border keeps every pixel", async () => {
  const pixels = Uint8Array.from({ length: 64 * 32 * 3 }, (_, index) => (index * 37) % 256);
  const boxed = await letterbox({ width: 64, height: 32, pixels }, { width: 64, height: 64 });
  expect([...boxed.pixels.subarray(16 * 64 * 3, 48 * 64 * 3)]).toEqual([...pixels]);
});

test("a picture of the right size is handed on untouched", async () => {
  const picture = plain(64, 32, [1, 2, 3]);
  expect((await letterbox(picture, { width: 64, height: 32 })).pixels).toBe(picture.pixels);
});

test("what is seen at a place in the input is at the mapped place in the picture", async () => {
  const picture = plain(200, 100, [0, 0, 0]);
  for (let y = 40; y < 60; y++) picture.pixels.fill(255, (y * 200 + 100) * 3, (y * 200 + 140) * 3);
  const boxed = await letterbox(picture, { width: 96, height: 96 });
  const bright = [...Array(96 * 96).keys()].filter(
    (at) => (boxed.pixels[at * 3] ?? 0) > 127 && at >= 24 * 96 && at < 72 * 96,
  );
  const xs = bright.map((at) => at % 96);
  const ys = bright.map((at) => Math.floor(at / 96));
  const box = boxed.toFrame([Math.min(...xs), Math.min(...ys), Math.max(...xs) + 1, Math.max(...ys) + 1]);
  for (const [index, edge] of [100, 40, 140, 60].entries())
    expect(Math.abs((box[index] ?? 0) - edge)).toBeLessThan(2.1);
});
