import { describe, expect, test } from "vitest";
import { blur } from "../../../agent/motion/blur.ts";
import { countBrightness, stretchOf } from "../../../agent/motion/contrast.ts";
import { steepnessAt } from "../../../agent/motion/edges.ts";
import { drawWatched } from "../../../agent/motion/mask.ts";
import { seeded } from "../../support/base/seeded.ts";

describe("smoothing", () => {
  test("spreads a point as the binomial coefficients", () => {
    const picture = new Float32Array(25);
    picture[12] = 16;
    blur(picture, { width: 5, height: 5 }, new Float32Array(5));
    expect([...picture]).toEqual([
      ...[0, 0, 0, 0, 0],
      ...[0, 1, 2, 1, 0],
      ...[0, 2, 4, 2, 0],
      ...[0, 1, 2, 1, 0],
      ...[0, 0, 0, 0, 0],
    ]);
  });

  test("leaves a flat picture as it is, up to its edges", () => {
    const picture = new Float32Array(12).fill(7);
    blur(picture, { width: 4, height: 3 }, new Float32Array(4));
    expect([...picture]).toEqual(Array(12).fill(7));
  });

  test("works on a picture of one pixel", () => {
    const picture = Float32Array.of(9);
    blur(picture, { width: 1, height: 1 }, new Float32Array(1));
    expect([...picture]).toEqual([9]);
  });
});

test("steepness is the change across plus the change down, and at an edge as beside it", () => {
  const size = { width: 5, height: 4 };
  const ramp = Float32Array.from({ length: 20 }, (_, index) => 3 * (index % 5) + 2 * Math.floor(index / 5));
  expect([...ramp.keys()].map((index) => steepnessAt(ramp, size, index))).toEqual(Array(20).fill(10));
});

describe("the stretch of contrast", () => {
  const stretch = (levels: Float32Array) => {
    const histogram = new Uint32Array(256);
    countBrightness(levels, new Uint8Array(levels.length).fill(1), histogram);
    return stretchOf(histogram);
  };
  const evenly = (from: number, to: number) => {
    const random = seeded(1);
    return Float32Array.from({ length: 9000 }, () => from + (to - from) * random());
  };

  test("takes the middle 92 % of the brightness to the full range", () => {
    expect(stretch(evenly(0, 256))).toBeCloseTo(1 / 0.92, 1);
    expect(stretch(evenly(50, 150))).toBeCloseTo(2.55 / 0.92, 1);
  });

  test("is no more than fourfold: fog has nothing but noise to stretch", () => {
    expect(stretch(evenly(100, 104))).toBe(4);
  });

  test("looks at what is watched only", () => {
    const levels = new Float32Array(900).map((_, index) => (index < 450 ? 120 : index % 256));
    const watched = new Uint8Array(900).map((_, index) => (index < 450 ? 0 : 1));
    const histogram = new Uint32Array(256);
    countBrightness(levels, watched, histogram);
    expect(histogram.reduce((sum, count) => sum + count, 0)).toBe(64);
  });
});

describe("masks", () => {
  test("cover the pixels whose centres lie in them", () => {
    const left = [
      [0, 0],
      [0.5, 0],
      [0.5, 1],
      [0, 1],
    ] as const;
    expect([...drawWatched({ width: 4, height: 2 }, [left])]).toEqual([0, 0, 1, 1, 0, 0, 1, 1]);
    expect([...drawWatched({ width: 4, height: 1 }, [])]).toEqual([1, 1, 1, 1]);
  });
});
