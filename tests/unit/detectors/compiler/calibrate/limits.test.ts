import { describe, expect, it } from "vitest";
import { type Histogram, startHistogram } from "../../../../../detectors/compiler/calibrate/histogram.ts";
import { entropyLimit, percentileLimit } from "../../../../../detectors/compiler/calibrate/limits.ts";
import { seeded } from "../../../../support/base/seeded.ts";

function histogramOf(values: Iterable<number>): Histogram {
  const histogram = startHistogram();
  const numbers = Float32Array.from(values);
  histogram.add(numbers, 0, numbers.length);
  return histogram.finish();
}

function* bell(count: number, width: number): Generator<number> {
  const next = seeded(3);
  for (let i = 0; i < count; i++) {
    // Twelve uniform numbers: their sum is close to normally distributed, with a deviation of 1.
    yield (Array.from({ length: 12 }, next).reduce((sum, one) => sum + one, 0) - 6) * width;
  }
}

describe("a percentile of what was seen", () => {
  const ramp = histogramOf(
    Array.from({ length: 1000 }, (_, i) => ((i + 0.5) / 1000) * (i % 2 === 0 ? 1 : -1)),
  );

  it.each([0.5, 0.9, 0.99])("lies at %f of evenly spread magnitudes", (share) => {
    expect(percentileLimit(ramp, share)).toBeCloseTo(share, 2);
  });

  it("takes in everything when all is asked for, and no more", () => {
    expect(percentileLimit(histogramOf([0.1, -0.3, 0.2]), 1)).toBeCloseTo(0.3, 2);
  });

  it("cuts a lone giant off, which the range itself cannot", () => {
    const histogram = histogramOf([...bell(20_000, 1), 500]);
    expect(percentileLimit(histogram, 0.999)).toBeLessThan(5);
    expect(percentileLimit(histogram, 1)).toBeGreaterThan(499);
  });
});

describe("the limit of least entropy", () => {
  it("cuts off the thin tail of a bell curve, but not its body", () => {
    const limit = entropyLimit(histogramOf([...bell(50_000, 1), 12, -14, 15.9]), 128);
    expect(limit).toBeGreaterThan(2.5);
    expect(limit).toBeLessThan(8);
  });

  it("leaves evenly spread numbers whole: every one that is cut off would be missed", () => {
    const next = seeded(4);
    const histogram = histogramOf(Array.from({ length: 50_000 }, () => 2 * next() - 1));
    expect(entropyLimit(histogram, 128)).toBeGreaterThan(0.98);
  });

  it("scales with the numbers", () => {
    const one = entropyLimit(histogramOf(bell(20_000, 1)), 128);
    expect(entropyLimit(histogramOf(bell(20_000, 4)), 128)).toBeCloseTo(4 * one, 5);
  });

  it("is what there is when everything was zero", () => {
    expect(entropyLimit(histogramOf([0, 0, 0]), 128)).toBeGreaterThan(0);
  });
});
