/** How often numbers of which size occur, gathered without knowing their range beforehand. */

const BINS = 2048;
/** Any network's numbers soon leave this; a power of two, so that the limits of equal data are equal. */
const FIRST_LIMIT = 2 ** -6;

/** `bins` are equal steps from −limit to limit. */
export interface Histogram {
  readonly limit: number;
  readonly bins: Float64Array;
}

/** A histogram that grows with what it meets. */
export interface GrowingHistogram {
  /** @throws RangeError for a number that is not finite. */
  add(value: number): void;
  finish(): Histogram;
}

/**
 * An empty histogram. Where a number does not fit, the range doubles and bins merge two by two (as in TensorRT's and
 * onnxruntime's calibrators), so that what was counted stays counted.
 */
export function startHistogram(): GrowingHistogram {
  let bins = new Float64Array(BINS);
  let limit = FIRST_LIMIT;
  let perUnit = BINS / 2 / limit;
  return {
    add(value) {
      while (!(value >= -limit && value < limit)) {
        if (!Number.isFinite(value)) throw new RangeError(`expected finite numbers, received ${value}`);
        bins = merged(bins);
        limit *= 2;
        perUnit /= 2;
      }
      const bin = Math.floor(value * perUnit) + BINS / 2;
      bins[bin] = (bins[bin] ?? 0) + 1;
    },
    finish: () => ({ limit, bins }),
  };
}

/** Twice the range: two bins become one, the middle stays the middle. */
function merged(bins: Float64Array): Float64Array<ArrayBuffer> {
  const wider = new Float64Array(BINS);
  for (const [bin, count] of bins.entries()) {
    const into = BINS / 4 + Math.floor(bin / 2);
    wider[into] = (wider[into] ?? 0) + count;
  }
  return wider;
}

/** How often which magnitude occurs, in equal steps from 0 to the histogram's limit. */
export function magnitudes({ bins }: Histogram): Float64Array {
  const half = bins.length / 2;
  return Float64Array.from(
    { length: half },
    (_, step) => (bins[half + step] ?? 0) + (bins[half - 1 - step] ?? 0),
  );
}
