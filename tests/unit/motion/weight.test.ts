import { expect, test } from "vitest";
import { cappedFrames, weightOf } from "../../../agent/motion/weight.ts";

test("ten frames and one frame after ten intervals leave the same share of the past", () => {
  expect(1 - weightOf(0.01, 10)).toBeCloseTo((1 - weightOf(0.01, 1)) ** 10, 12);
  expect(weightOf(0.01, 1)).toBe(0.01);
  expect(weightOf(0.01, 0)).toBe(0);
});

test("a frame after hours counts for a quarter of the memory", () => {
  expect(cappedFrames(1e6, 100)).toBe(25);
  expect(weightOf(0.01, 1e6)).toBe(weightOf(0.01, 25));
  expect(weightOf(0.01, Number.POSITIVE_INFINITY)).toBeLessThan(0.25);
});

test("a frame counts at least once where the memory is short", () => {
  expect(cappedFrames(30, 2)).toBe(1);
  expect(weightOf(1, 30)).toBe(1);
});
