import { describe, expect, test } from "vitest";
import { syntheticImages } from "../../../../../detectors/compiler/calibrate/synthetic-images.ts";

const SIZE = { width: 64, height: 32 };

describe("synthetic images", () => {
  const images = [...syntheticImages(SIZE)];

  test("are the same every time", () => {
    expect([...syntheticImages(SIZE)]).toEqual(images);
  });

  test("have the requested size and are all different", () => {
    expect(images.map((image) => image.length)).toEqual(images.map(() => 64 * 32 * 3));
    expect(new Set(images.map((image) => Buffer.from(image).toString("base64"))).size).toBe(images.length);
  });

  test("range from black to white, and none is a single colour", () => {
    const levels = new Set(images.flatMap((image) => [...image]));
    expect([levels.has(0), levels.has(255)]).toEqual([true, true]);
    for (const image of images) expect(new Set(image).size).toBeGreaterThan(1);
  });

  test("can have any shape", () => {
    expect(
      [...syntheticImages({ width: 32, height: 96 })].every(({ length }) => length === 32 * 96 * 3),
    ).toBe(true);
  });
});
