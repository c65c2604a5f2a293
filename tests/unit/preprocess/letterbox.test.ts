import { expect, test } from "vitest";
import type { RgbImage } from "../../../agent/base/rgb-image.ts";
import { letterbox, letterboxGeometry } from "../../../agent/preprocess/letterbox.ts";

const hd = { width: 1280, height: 720 };

test("a wide image has borders above and below", () => {
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

test("a small image is enlarged", () => {
  expect(letterboxGeometry({ width: 100, height: 50 }, { width: 320, height: 320 }).inner).toEqual({
    width: 320,
    height: 160,
  });
});

test("a very narrow image keeps at least one pixel", () => {
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
])("the corners of an image of %o in %o map back to the corners", (image, input) => {
  const { inner, left, top, toImage } = letterboxGeometry(image, input);
  const box = toImage([left, top, left + inner.width, top + inner.height]);
  expect(box).toEqual([0, 0, image.width, image.height]);
});

test("a box that reaches into the border is cut off at the image's edge", () => {
  const { toImage } = letterboxGeometry(hd, { width: 320, height: 320 });
  expect(toImage([-5, 10, 100, 300])).toEqual([0, 0, 400, 720]);
});

function plain(width: number, height: number, colour: readonly [number, number, number]): RgbImage {
  const pixels = Uint8Array.from({ length: width * height * 3 }, (_, index) => colour[index % 3] ?? 0);
  return { width, height, pixels };
}

function pixel({ pixels, width }: RgbImage, x: number, y: number): number[] {
  return [...pixels.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];
}

test("the image keeps its colour and the border is grey", async () => {
  const boxed = await letterbox(plain(128, 64, [200, 30, 7]), { width: 64, height: 64 });
  expect(boxed.pixels).toHaveLength(64 * 64 * 3);
  expect(pixel(boxed, 32, 15)).toEqual([114, 114, 114]);
  expect(pixel(boxed, 0, 16)).toEqual([200, 30, 7]);
  expect(pixel(boxed, 63, 47)).toEqual([200, 30, 7]);
  expect(pixel(boxed, 32, 48)).toEqual([114, 114, 114]);
});

test("an image that only needs a border keeps every pixel", async () => {
  const pixels = Uint8Array.from({ length: 64 * 32 * 3 }, (_, index) => (index * 37) % 256);
  const boxed = await letterbox({ width: 64, height: 32, pixels }, { width: 64, height: 64 });
  expect([...boxed.pixels.subarray(16 * 64 * 3, 48 * 64 * 3)]).toEqual([...pixels]);
});

test("an image of the right size is returned unchanged", async () => {
  const image = plain(64, 32, [1, 2, 3]);
  expect((await letterbox(image, { width: 64, height: 32 })).pixels).toBe(image.pixels);
});

test("a box in the input maps to the same object in the image", async () => {
  const image = plain(200, 100, [0, 0, 0]);
  for (let y = 40; y < 60; y++) image.pixels.fill(255, (y * 200 + 100) * 3, (y * 200 + 140) * 3);
  const boxed = await letterbox(image, { width: 96, height: 96 });
  const bright = [...Array(96 * 96).keys()].filter(
    (at) => (boxed.pixels[at * 3] ?? 0) > 127 && at >= 24 * 96 && at < 72 * 96,
  );
  const xs = bright.map((at) => at % 96);
  const ys = bright.map((at) => Math.floor(at / 96));
  const box = boxed.toImage([Math.min(...xs), Math.min(...ys), Math.max(...xs) + 1, Math.max(...ys) + 1]);
  for (const [index, edge] of [100, 40, 140, 60].entries())
    expect(Math.abs((box[index] ?? 0) - edge)).toBeLessThan(2.1);
});
