import { clamp } from "../base/numbers.ts";

/** The change of light between two images: `gain × brightness + offset` for every pixel. */
export interface Light {
  readonly gain: number;
  /** Grey levels. */
  readonly offset: number;
}

/** A change of light, and how well it explains the images. */
export interface LightChange extends Light {
  /** The share of the pixels that it explains to within the tolerance, 0..1. */
  readonly explained: number;
  /** The mean change of a pixel's brightness, grey levels. */
  readonly shift: number;
}

export const SAME_LIGHT: Light = { gain: 1, offset: 0 };

/** Beyond these limits it is another scene rather than another exposure. */
const LEAST_GAIN = 0.4;
const MOST_GAIN = 2.5;
/** One pixel in five: thousands are enough to fit two numbers. */
const SAMPLE_STEP = 5;
/** If the same light explains this share, no other light is tried. */
const CLEARLY_EXPLAINED = 0.9;
const REFINEMENTS = 2;

/**
 * Finds the change of light between two images of one scene in which objects may have moved.
 *
 * It starts from two guesses: the same light, and one that matches the quartiles of both images. Each is refined by least
 * squares over the pixels that it explains (as RANSAC does with its inliers; Fischler and Bolles 1981). The guess that
 * explains more pixels wins.
 * @param before, now brightness 0..255, row by row.
 * @param still 1 for each pixel to use.
 * @param tolerance grey levels.
 */
export function findLightChange(
  before: Float32Array,
  now: Float32Array,
  still: Uint8Array,
  tolerance: number,
): LightChange {
  const same = refine(SAME_LIGHT, before, now, still, tolerance);
  if (same.explained >= CLEARLY_EXPLAINED) return same;
  const matched = refine(matchQuartiles(before, now, still), before, now, still, tolerance);
  return matched.explained > same.explained ? matched : same;
}

function refine(
  guess: Light,
  before: Float32Array,
  now: Float32Array,
  still: Uint8Array,
  tolerance: number,
): LightChange {
  let light = guess;
  for (let round = 0; round < REFINEMENTS; round++) {
    light = fitExplained(light, before, now, still, tolerance);
  }
  return { ...light, ...judge(light, before, now, still, tolerance) };
}

/** Least squares over the pixels that a light already explains. */
function fitExplained(
  { gain, offset }: Light,
  before: Float32Array,
  now: Float32Array,
  still: Uint8Array,
  tolerance: number,
): Light {
  let count = 0;
  let sumX = 0;
  let sumY = 0;
  let sumXX = 0;
  let sumXY = 0;
  for (let index = 0; index < now.length; index += SAMPLE_STEP) {
    if (still[index] === 0) continue;
    const x = before[index] ?? 0;
    const y = now[index] ?? 0;
    if (Math.abs(y - gain * x - offset) > tolerance) continue;
    count++;
    sumX += x;
    sumY += y;
    sumXX += x * x;
    sumXY += x * y;
  }
  if (count < 2) return { gain, offset };
  const varianceX = sumXX / count - (sumX / count) ** 2;
  const covariance = sumXY / count - (sumX / count) * (sumY / count);
  // An image of uniform brightness does not determine the gain.
  const fitted = varianceX < 1 ? gain : clamp(covariance / varianceX, LEAST_GAIN, MOST_GAIN);
  return { gain: fitted, offset: (sumY - fitted * sumX) / count };
}

function judge(
  { gain, offset }: Light,
  before: Float32Array,
  now: Float32Array,
  still: Uint8Array,
  tolerance: number,
): { explained: number; shift: number } {
  let count = 0;
  let explained = 0;
  let shift = 0;
  for (let index = 0; index < now.length; index += SAMPLE_STEP) {
    if (still[index] === 0) continue;
    const x = before[index] ?? 0;
    const expected = gain * x + offset;
    count++;
    shift += Math.abs(expected - x);
    if (Math.abs((now[index] ?? 0) - expected) <= tolerance) explained++;
  }
  return count === 0 ? { explained: 1, shift: 0 } : { explained: explained / count, shift: shift / count };
}

/** The light that maps the quartiles of one image to those of the other. */
function matchQuartiles(before: Float32Array, now: Float32Array, still: Uint8Array): Light {
  const [lowBefore, highBefore] = quartiles(before, still);
  const [lowNow, highNow] = quartiles(now, still);
  const gain = clamp((highNow - lowNow) / Math.max(highBefore - lowBefore, 1), LEAST_GAIN, MOST_GAIN);
  return { gain, offset: (lowNow + highNow - gain * (lowBefore + highBefore)) / 2 };
}

function quartiles(grey: Float32Array, still: Uint8Array): readonly [low: number, high: number] {
  const sample = new Float32Array(Math.ceil(grey.length / SAMPLE_STEP));
  let count = 0;
  for (let index = 0; index < grey.length; index += SAMPLE_STEP) {
    if (still[index] !== 0) sample[count++] = grey[index] ?? 0;
  }
  const sorted = sample.subarray(0, count).sort();
  return [sorted[count >> 2] ?? 0, sorted[(3 * count) >> 2] ?? 0];
}
