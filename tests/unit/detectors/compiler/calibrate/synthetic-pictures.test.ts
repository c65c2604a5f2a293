import { describe, expect, it } from "vitest";
import { syntheticPictures } from "../../../../../detectors/compiler/calibrate/synthetic-pictures.ts";

const SIZE = { width: 64, height: 32 };

describe("the pictures that stand in for a camera's", () => {
  const pictures = syntheticPictures(SIZE);

  it("are the same ones every time", () => {
    expect(syntheticPictures(SIZE)).toEqual(pictures);
  });

  it("have the size that was asked for, and no two are alike", () => {
    expect(pictures.map((picture) => picture.length)).toEqual(pictures.map(() => 64 * 32 * 3));
    expect(new Set(pictures.map((picture) => Buffer.from(picture).toString("base64"))).size).toBe(
      pictures.length,
    );
  });

  it("reach from black to white, and none of them is one flat colour", () => {
    const levels = new Set(pictures.flatMap((picture) => [...picture]));
    expect([levels.has(0), levels.has(255)]).toEqual([true, true]);
    for (const picture of pictures) expect(new Set(picture).size).toBeGreaterThan(1);
  });

  it("come in any shape", () => {
    expect(
      syntheticPictures({ width: 32, height: 96 }, 1).every(({ length }) => length === 32 * 96 * 3),
    ).toBe(true);
  });
});
