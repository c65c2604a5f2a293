import { describe, expect, test } from "vitest";
import { magnitudes, startHistogram } from "../../../../../detectors/compiler/calibrate/histogram.ts";
import { seededFloats } from "../../../../support/base/seeded.ts";

function histogramOf(values: Iterable<number>) {
  const histogram = startHistogram();
  const numbers = Float32Array.from(values);
  histogram.add(numbers, 0, numbers.length);
  return histogram.finish();
}

describe("the histogram of numbers of unknown range", () => {
  test("keeps every number within a bin of its position while the range doubles", () => {
    const values = seededFloats(1, 5000, 40);
    const { limit, bins } = histogramOf(values);
    expect(limit).toBe(64);
    const width = (2 * limit) / bins.length;
    for (const edge of [-30, -1, 0, 0.5, 17, 39]) {
      const below = values.filter((value) => value < edge).length;
      const upTo = Math.round((edge + limit) / width);
      const counted = bins.subarray(0, upTo).reduce((sum, count) => sum + count, 0);
      expect(Math.abs(counted - below)).toBeLessThanOrEqual(30);
    }
    expect(bins.reduce((sum, count) => sum + count, 0)).toBe(5000);
  });

  test("is the same in any order of the numbers", () => {
    const values = [...seededFloats(2, 1000, 7)];
    expect(histogramOf(values.toReversed())).toEqual(histogramOf(values));
  });

  test("extends its range for a number at either end", () => {
    expect(histogramOf([-1]).limit).toBe(2);
    expect(histogramOf([1]).limit).toBe(2);
    expect(histogramOf([0]).limit).toBe(2 ** -6);
  });

  test("counts a number and its negative as one magnitude", () => {
    const counts = magnitudes(histogramOf([0.9, -0.9, 0.1, 0]));
    const steps = [...counts.entries()].filter(([, count]) => count > 0);
    expect(steps).toEqual([
      [0, 1],
      [102, 1],
      [921, 2],
    ]);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])("rejects %s", (value) => {
    expect(() => histogramOf([1, value])).toThrow(RangeError);
  });
});
