import { median } from "./numbers.ts";

/** The latest intervals between frames or access units, milliseconds, oldest first. */
export type RecentIntervals = readonly number[];

/** Enough for a median that ignores an outage and knows a new rate after three intervals. */
const KEPT = 5;

/** Appends an interval and drops the oldest. */
export function addInterval(recent: RecentIntervals, ms: number): RecentIntervals {
  return [...recent, ms].slice(-KEPT);
}

/**
 * How long nothing may come before the source counts as silent: `leastMs`, or two and a half usual intervals of a source
 * that delivers more rarely.
 */
export function longestPauseMs(recent: RecentIntervals, leastMs: number): number {
  return Math.max(leastMs, recent.length === 0 ? 0 : PAUSE_INTERVALS * median(recent));
}

/** One frame may be missing, and the next one late. */
const PAUSE_INTERVALS = 2.5;

/**
 * How many frame intervals passed between two frames: 1 at the nominal rate, 10 where a camera of 5 frames per second
 * delivers one in two seconds, 0 where time stands still. Rounded, so that it is exactly 1 at every nominal rate.
 * @param intervalMs the nominal interval: that of `detect.fps`.
 */
export function elapsedFrames(beforeMs: number, nowMs: number, intervalMs: number): number {
  return Math.round((Math.max(0, nowMs - beforeMs) / intervalMs) * PRECISION) / PRECISION;
}

const PRECISION = 1e4;
