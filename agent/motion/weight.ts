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

const FEWEST_FRAMES = 4;
