/**
 * How many times a picture's brightness can be stretched: from where it lies to 0..255.
 *
 * The stretch is linear, so of two pictures only their difference needs it: what shifts the brightness cancels, and a
 * stretch that changes moves nothing.
 * @param histogram how many pixels have each brightness, 256 counts.
 */
export function stretchOf(histogram: Uint32Array): number {
  const dark = brightnessAt(histogram, DARK_SHARE);
  const bright = brightnessAt(histogram, 1 - DARK_SHARE);
  return Math.min(255 / Math.max(bright - dark, 1), MOST_STRETCH);
}

/** Counts every seventh watched pixel by its brightness: some 2500, enough for a percentile. */
export function countBrightness(grey: Float32Array, watched: Uint8Array, histogram: Uint32Array) {
  histogram.fill(0);
  for (let index = 0; index < grey.length; index += COUNT_EVERY) {
    if (watched[index] === 0) continue;
    const brightness = (grey[index] ?? 0) & 255;
    histogram[brightness] = (histogram[brightness] ?? 0) + 1;
  }
}

/** What lies below is lamps' and shadows' business: Frigate stretches between the same percentiles. */
const DARK_SHARE = 0.04;
/** A wall in fog has no contrast to win, only noise. */
const MOST_STRETCH = 4;

/** The brightness that a share of all pixels lies below. */
function brightnessAt(histogram: Uint32Array, share: number): number {
  let total = 0;
  for (const count of histogram) total += count;
  let below = 0;
  for (let brightness = 0; brightness < histogram.length; brightness++) {
    below += histogram[brightness] ?? 0;
    if (below > total * share) return brightness;
  }
  return histogram.length - 1;
}

const COUNT_EVERY = 7;
