import { clamp } from "../base/numbers.ts";

/** A tone curve: the grey levels to add at brightness 0, 8, 16 … 256, linear in between. */
export type ToneCurve = Float32Array;

const LEVELS_PER_BIN = 8;
const BINS = 256 / LEVELS_PER_BIN;
/** Residuals are counted in steps of a quarter grey level, up to 48 levels in both directions. */
const LEVELS_PER_STEP = 0.25;
const STEPS = 384;
/** A larger residual is no tone curve: something covers most pixels of that brightness. */
const MOST_RESIDUAL = 40;
/** A bin with fewer pixels is ignored. */
const LEAST_PIXELS = 12;

/**
 * The change of exposure that gain and offset do not explain: gamma and clipping change each brightness by a different
 * amount (a brightness transfer function; Grossberg and Nayar 2003, "Determining the Camera Response from Images"). The
 * median of each brightness is taken, so that motion in less than half of its pixels does no harm.
 * @param before, now brightness 0..255 of two images.
 * @param still 1 for each pixel to use.
 */
export function findToneCurve(before: Float32Array, now: Float32Array, still: Uint8Array): ToneCurve {
  const counts = new Uint16Array(BINS * STEPS);
  for (let index = 0; index < now.length; index++) {
    if (still[index] === 0) continue;
    const brightness = before[index] ?? 0;
    const residual = ((now[index] ?? 0) - brightness) / LEVELS_PER_STEP + STEPS / 2;
    const step = clamp(Math.floor(residual), 0, STEPS - 1);
    const cell = binOf(brightness) * STEPS + step;
    counts[cell] = (counts[cell] ?? 0) + 1;
  }
  const medians = Array.from({ length: BINS }, (_, bin) =>
    medianOf(counts.subarray(bin * STEPS, (bin + 1) * STEPS)),
  );
  // The knots lie between the bins; an empty bin takes the value of its neighbour.
  const curve = new Float32Array(BINS + 1);
  for (let knot = 0; knot <= BINS; knot++) {
    const [left, right] = [medians[knot - 1], medians[knot]];
    curve[knot] = ((left ?? right ?? 0) + (right ?? left ?? 0)) / 2;
  }
  return curve;
}

/** Grey levels; undefined where there are too few pixels, or the residual is too large. */
function medianOf(counts: Uint16Array): number | undefined {
  let total = 0;
  for (const count of counts) total += count;
  if (total < LEAST_PIXELS) return undefined;
  let below = 0;
  const step = counts.findIndex((count) => {
    below += count;
    return below > total / 2;
  });
  const median = (step + 0.5 - STEPS / 2) * LEVELS_PER_STEP;
  return Math.abs(median) > MOST_RESIDUAL ? undefined : median;
}

/** Adds a tone curve to every brightness, in place. */
export function applyToneCurve(brightness: Float32Array, curve: ToneCurve) {
  for (let index = 0; index < brightness.length; index++) {
    const value = brightness[index] ?? 0;
    const knot = binOf(value);
    const share = clamp(value / LEVELS_PER_BIN - knot, 0, 1);
    const below = curve[knot] ?? 0;
    brightness[index] = value + below + share * ((curve[knot + 1] ?? 0) - below);
  }
}

function binOf(brightness: number): number {
  return clamp(Math.floor(brightness / LEVELS_PER_BIN), 0, BINS - 1);
}
