/**
 * The factor that stretches an image's range of brightness to 0..255.
 *
 * The stretch is linear. It is applied only to the difference between two images, where offsets cancel, so that a change of
 * the factor causes no motion.
 * @param histogram the number of pixels of each brightness, 256 counts.
 */
export function stretchOf(histogram: Uint32Array): number {
  const dark = brightnessAt(histogram, DARK_SHARE);
  const bright = brightnessAt(histogram, 1 - DARK_SHARE);
  return Math.min(255 / Math.max(bright - dark, 1), MOST_STRETCH);
}

/** Counts every seventh unmasked pixel by its brightness: about 2500, enough for a percentile. */
export function countBrightness(grey: Float32Array, unmasked: Uint8Array, histogram: Uint32Array) {
  histogram.fill(0);
  for (let index = 0; index < grey.length; index += COUNT_EVERY) {
    if (unmasked[index] === 0) continue;
    const brightness = (grey[index] ?? 0) & 255;
    histogram[brightness] = (histogram[brightness] ?? 0) + 1;
  }
}

/** The darkest and brightest shares are ignored (shadows and lamps): Frigate stretches between the same percentiles. */
const DARK_SHARE = 0.04;
/** A wall in fog has no contrast to gain, only noise. */
const MOST_STRETCH = 4;

/** The brightness below which a share of all pixels lies. */
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
