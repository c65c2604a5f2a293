import { expect, test } from "vitest";
import { clamp, median } from "../../../agent/base/numbers.ts";

test("clamp limits a value on both sides", () => {
  expect([-1, 0, 5, 10, 11].map((value) => clamp(value, 0, 10))).toEqual([0, 0, 5, 10, 10]);
});

test("the median is the middle value, or the mean of the two middle ones", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([10, 1, 2, 3])).toBe(2.5);
  expect(median([7])).toBe(7);
});
