/** A curve over brightness: what to add at 0, 8, 16 … 256 grey levels, linear in between. */
export type ToneCurve = Float32Array;

const LEVELS_PER_BIN = 8;
const BINS = 256 / LEVELS_PER_BIN;
/** A bin with fewer pixels says nothing. */
const LEAST_PIXELS = 12;

/**
 * What another exposure left over after gain and offset: cameras bend the brightness (gamma, clipped lamps) and each brightness
 * moves by its own amount (a brightness transfer function; Grossberg and Nayar 2003, "Determining the Camera Response from
 * Images"). The median of each brightness is taken, so that what moves in less than half of it does no harm.
 * @param before, now brightness 0..255 of two pictures.
 * @param still 1 for each pixel to use.
 */
export function findToneCurve(before: Float32Array, now: Float32Array, still: Uint8Array): ToneCurve {
  const residuals: number[][] = Array.from({ length: BINS }, () => []);
  for (let index = 0; index < now.length; index++) {
    if (still[index] === 0) continue;
    const brightness = before[index] ?? 0;
    residuals[binOf(brightness)]?.push((now[index] ?? 0) - brightness);
  }
  const medians = residuals.map((differences) => {
    if (differences.length < LEAST_PIXELS) return undefined;
    return differences.sort((a, b) => a - b)[differences.length >> 1];
  });
  // Between two bins lies a knot; an empty bin takes its neighbour's word.
  const curve = new Float32Array(BINS + 1);
  for (let knot = 0; knot <= BINS; knot++) {
    const [left, right] = [medians[knot - 1], medians[knot]];
    curve[knot] = ((left ?? right ?? 0) + (right ?? left ?? 0)) / 2;
  }
  return curve;
}

/** Adds a curve to every brightness, in place. */
export function applyToneCurve(brightness: Float32Array, curve: ToneCurve) {
  for (let index = 0; index < brightness.length; index++) {
    const value = brightness[index] ?? 0;
    const knot = binOf(value);
    const share = value / LEVELS_PER_BIN - knot;
    const below = curve[knot] ?? 0;
    brightness[index] = value + below + share * ((curve[knot + 1] ?? 0) - below);
  }
}

function binOf(brightness: number): number {
  return Math.min(Math.max(Math.floor(brightness / LEVELS_PER_BIN), 0), BINS - 1);
}
