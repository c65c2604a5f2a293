import { describe, expect, test } from "vitest";
import { type Histogram, startHistogram } from "../../../../../detectors/compiler/calibrate/histogram.ts";
import { entropyLimit, percentileLimit } from "../../../../../detectors/compiler/calibrate/limits.ts";
import { seeded } from "../../../../support/base/seeded.ts";

function histogramOf(values: Iterable<number>): Histogram {
  const histogram = startHistogram();
  const numbers = Float32Array.from(values);
  histogram.add(numbers, 0, numbers.length);
  return histogram.finish();
}

function* normal(count: number, width: number): Generator<number> {
  const next = seeded(3);
  for (let i = 0; i < count; i++) {
    // The sum of twelve uniform numbers is nearly normally distributed with a deviation of 1.
    yield (Array.from({ length: 12 }, next).reduce((sum, one) => sum + one, 0) - 6) * width;
  }
}

describe("a percentile of the observed numbers", () => {
  const ramp = histogramOf(
    Array.from({ length: 1000 }, (_, i) => ((i + 0.5) / 1000) * (i % 2 === 0 ? 1 : -1)),
  );

  test.each([0.5, 0.9, 0.99])("is %f for uniform magnitudes", (share) => {
    expect(percentileLimit(ramp, share)).toBeCloseTo(share, 2);
  });

  test("of 100 % is the largest magnitude", () => {
    expect(percentileLimit(histogramOf([0.1, -0.3, 0.2]), 1)).toBeCloseTo(0.3, 2);
  });

  test("clips a single outlier", () => {
    const histogram = histogramOf([...normal(20_000, 1), 500]);
    expect(percentileLimit(histogram, 0.999)).toBeLessThan(5);
    expect(percentileLimit(histogram, 1)).toBeGreaterThan(499);
  });
});

describe("the limit of least entropy", () => {
  test("clips the tail of a normal distribution but not its body", () => {
    const limit = entropyLimit(histogramOf([...normal(50_000, 1), 12, -14, 15.9]), 128);
    expect(limit).toBeGreaterThan(2.5);
    expect(limit).toBeLessThan(8);
  });

  test("does not clip uniform numbers", () => {
    const next = seeded(4);
    const histogram = histogramOf(Array.from({ length: 50_000 }, () => 2 * next() - 1));
    expect(entropyLimit(histogram, 128)).toBeGreaterThan(0.98);
  });

  test("scales with the numbers", () => {
    const one = entropyLimit(histogramOf(normal(20_000, 1)), 128);
    expect(entropyLimit(histogramOf(normal(20_000, 4)), 128)).toBeCloseTo(4 * one, 5);
  });

  test("is positive when all numbers are zero", () => {
    expect(entropyLimit(histogramOf([0, 0, 0]), 128)).toBeGreaterThan(0);
  });
});
