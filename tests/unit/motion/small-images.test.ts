import { describe, expect, test } from "vitest";
import { countBrightness, stretchOf } from "../../../agent/motion/contrast.ts";
import { blur, gradientAt } from "../../../agent/motion/filters.ts";
import { unmaskedIn } from "../../../agent/motion/gate.ts";
import { seeded } from "../../support/base/seeded.ts";

describe("smoothing", () => {
  test("spreads a point by the binomial coefficients", () => {
    const grey = new Float32Array(25);
    grey[12] = 16;
    blur(grey, { width: 5, height: 5 }, new Float32Array(5));
    expect([...grey]).toEqual([
      ...[0, 0, 0, 0, 0],
      ...[0, 1, 2, 1, 0],
      ...[0, 2, 4, 2, 0],
      ...[0, 1, 2, 1, 0],
      ...[0, 0, 0, 0, 0],
    ]);
  });

  test("leaves a uniform image unchanged, including its edges", () => {
    const grey = new Float32Array(12).fill(7);
    blur(grey, { width: 4, height: 3 }, new Float32Array(4));
    expect([...grey]).toEqual(Array(12).fill(7));
  });

  test("works on an image of one pixel", () => {
    const grey = Float32Array.of(9);
    blur(grey, { width: 1, height: 1 }, new Float32Array(1));
    expect([...grey]).toEqual([9]);
  });
});

test("the gradient adds the changes across and down, and edge pixels have their neighbour's", () => {
  const size = { width: 5, height: 4 };
  const ramp = Float32Array.from({ length: 20 }, (_, index) => 3 * (index % 5) + 2 * Math.floor(index / 5));
  expect([...ramp.keys()].map((index) => gradientAt(ramp, size, index))).toEqual(Array(20).fill(10));
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

  test("maps the middle 92 % of the brightness to the full range", () => {
    expect(stretch(evenly(0, 256))).toBeCloseTo(1 / 0.92, 1);
    expect(stretch(evenly(50, 150))).toBeCloseTo(2.55 / 0.92, 1);
  });

  test("is at most fourfold: in fog only noise would be stretched", () => {
    expect(stretch(evenly(100, 104))).toBe(4);
  });

  test("ignores masked pixels", () => {
    const levels = new Float32Array(900).map((_, index) => (index < 450 ? 120 : index % 256));
    const unmasked = new Uint8Array(900).map((_, index) => (index < 450 ? 0 : 1));
    const histogram = new Uint32Array(256);
    countBrightness(levels, unmasked, histogram);
    expect(histogram.reduce((sum, count) => sum + count, 0)).toBe(64);
  });
});

describe("masks", () => {
  test("exclude the pixels whose centres lie in them", () => {
    const left = [
      [0, 0],
      [0.5, 0],
      [0.5, 1],
      [0, 1],
    ] as const;
    expect([...unmaskedIn({ width: 4, height: 2 }, [left])]).toEqual([0, 0, 1, 1, 0, 0, 1, 1]);
    expect([...unmaskedIn({ width: 4, height: 1 }, [])]).toEqual([1, 1, 1, 1]);
  });
});
