/**
 * How many frame intervals passed between two frames: 1 at the nominal rate, 10 where a camera of 5 frames per second
 * delivers one in two seconds, 0 where time stands still. Rounded, so that it is exactly 1 if the interval is no binary
 * fraction.
 * @param intervalMs the nominal interval: that of `detect.fps`.
 */
export function elapsedFrames(beforeMs: number, nowMs: number, intervalMs: number): number {
  return Math.round((Math.max(0, nowMs - beforeMs) / intervalMs) * PRECISION) / PRECISION;
}

/**
 * The weight of the newest frame in a running average that forgets by time: `alpha` after one frame interval, so that the
 * average after a second is the same at every frame rate.
 *
 * A frame counts for at most a quarter of the memory (1 / alpha intervals), however long the gap before it was: no single
 * frame replaces what was learnt. At the default alpha of 0.01 and 5 frames per second that is 5 s, the interval of the
 * slowest cameras.
 */
export function weightOf(alpha: number, frames: number): number {
  if (frames === 1) return alpha;
  return 1 - (1 - alpha) ** cappedFrames(frames, 1 / alpha);
}

/** The frame intervals for which one frame counts in a memory of that many intervals. */
export function cappedFrames(frames: number, memory: number): number {
  return Math.min(frames, Math.max(1, memory / FEWEST_FRAMES));
}

const PRECISION = 1e4;
const FEWEST_FRAMES = 4;
