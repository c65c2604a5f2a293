import { expect, test } from "vitest";
import { backoffMs } from "../../../agent/base/backoff.ts";

const backoff = { firstMs: 1000, longestMs: 10_000 };

test("the wait doubles with each attempt, up to the longest", () => {
  const waits = [1, 2, 3, 4, 5, 6, 5000].map((attempt) => backoffMs(attempt, backoff, () => 0));
  expect(waits).toEqual([1000, 2000, 4000, 8000, 10_000, 10_000, 10_000]);
});

test("the random part shortens a wait by at most half", () => {
  expect(backoffMs(3, backoff, () => 0.5)).toBe(3000);
  expect(backoffMs(3, backoff, () => 0.999999)).toBeGreaterThan(2000);
});
