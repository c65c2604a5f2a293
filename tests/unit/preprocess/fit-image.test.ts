import { describe, expect, test } from "vitest";
import { fitImage } from "../../../agent/preprocess/fit-image.ts";
import type { PictureSpec } from "../../../detectors/detector.ts";

/** 40×20: left half black, right half white. */
const image = {
  width: 40,
  height: 20,
  pixels: Uint8Array.from({ length: 40 * 20 * 3 }, (_, index) => (Math.floor(index / 3) % 40 < 20 ? 0 : 255)),
};
const input = { width: 16, height: 16 };
const picture = (change: Partial<PictureSpec>): PictureSpec => ({
  fit: "letterbox-centre",
  pad: 7,
  filter: "linear",
  ...change,
});

/** The green value of a pixel. */
const at = ({ pixels, width }: { pixels: Uint8Array; width: number }, x: number, y: number) =>
  pixels[(y * width + x) * 3 + 1];

describe("a picture of another shape", () => {
  test("is letterboxed with the module's own border", async () => {
    const { toImage, ...fitted } = await fitImage(image, input, picture({}));
    expect([at(fitted, 0, 0), at(fitted, 0, 8), at(fitted, 15, 8), at(fitted, 15, 15)]).toEqual([
      7, 0, 255, 7,
    ]);
    expect(toImage([0, 4, 16, 12])).toEqual([0, 0, 40, 20]);
  });

  test("is stretched", async () => {
    const { toImage, ...fitted } = await fitImage(image, input, picture({ fit: "stretch" }));
    expect([at(fitted, 0, 0), at(fitted, 15, 15)]).toEqual([0, 255]);
    expect(toImage([4, 4, 8, 16])).toEqual([10, 5, 20, 20]);
  });

  test("is cropped around its centre", async () => {
    const { toImage, ...fitted } = await fitImage(image, input, picture({ fit: "crop" }));
    expect(fitted).toMatchObject(input);
    expect([at(fitted, 0, 0), at(fitted, 15, 15)]).toEqual([0, 255]);
    expect(toImage([0, 0, 16, 16])).toEqual([10, 0, 30, 20]);
  });

  test("has only its own values with the filter nearest", async () => {
    const { pixels } = await fitImage(
      image,
      { width: 7, height: 7 },
      picture({ fit: "stretch", filter: "nearest" }),
    );
    expect([...new Set(pixels)].sort((a, b) => a - b)).toEqual([0, 255]);
  });
});

test.each(["letterbox-centre", "stretch", "crop"] as const)(
  "%s leaves a picture of the right size as it is",
  async (fit) => {
    const { pixels, toImage } = await fitImage(image, image, picture({ fit }));
    expect(pixels).toBe(image.pixels);
    expect(toImage([1, 2, 3, 4])).toEqual([1, 2, 3, 4]);
  },
);
