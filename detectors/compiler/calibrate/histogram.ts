/** A histogram of numbers whose range is not known in advance. */

const BINS = 2048;
/** Every network soon exceeds this limit. A power of two, so that equal data gives equal limits in any order. */
const FIRST_LIMIT = 2 ** -6;

/** `bins` are equal steps from −limit to limit. */
export interface Histogram {
  readonly limit: number;
  readonly bins: Float64Array;
}

/** A histogram that extends its range as numbers are added. */
export interface GrowingHistogram {
  /**
   * Counts numbers[from] … numbers[to − 1].
   * @throws RangeError for a number that is not finite.
   */
  add(numbers: Float32Array, from: number, to: number): void;
  finish(): Histogram;
}

/**
 * An empty histogram. When a number does not fit, the range doubles and pairs of bins merge, as in the calibrators of TensorRT
 * and onnxruntime. No counts are lost.
 */
export function startHistogram(): GrowingHistogram {
  let limit = FIRST_LIMIT;
  let bins = new Float64Array(BINS);
  const extendTo = (reach: number): void => {
    if (!Number.isFinite(reach)) throw new RangeError(`expected finite numbers, received ${reach}`);
    while (reach >= limit) {
      bins = merged(bins);
      limit *= 2;
    }
  };
  return {
    add(numbers, from, to) {
      for (let index = from; index < to; index++) {
        const reach = Math.abs(numbers[index] ?? Number.NaN);
        if (!(reach < limit)) extendTo(reach);
      }
      // Hoisted out of a loop over hundreds of millions of numbers: this halves the time.
      const counts = bins;
      const perUnit = BINS / 2 / limit;
      for (let index = from; index < to; index++) {
        const bin = Math.floor((numbers[index] ?? 0) * perUnit) + BINS / 2;
        counts[bin] = (counts[bin] ?? 0) + 1;
      }
    },
    finish: () => ({ limit, bins }),
  };
}

/** Doubles the range: pairs of bins merge, and the middle stays in place. */
function merged(bins: Float64Array): Float64Array<ArrayBuffer> {
  const wider = new Float64Array(BINS);
  for (const [bin, count] of bins.entries()) {
    const into = BINS / 4 + Math.floor(bin / 2);
    wider[into] = (wider[into] ?? 0) + count;
  }
  return wider;
}

/** The counts of magnitudes, in equal steps from 0 to the histogram's limit. */
export function magnitudes({ bins }: Histogram): Float64Array {
  const half = bins.length / 2;
  return Float64Array.from(
    { length: half },
    (_, step) => (bins[half + step] ?? 0) + (bins[half - 1 - step] ?? 0),
  );
}
