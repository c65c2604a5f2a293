import type { Clock } from "../base/clock.ts";
import { addInterval, longestPauseMs, type RecentIntervals } from "../base/intervals.ts";

/**
 * The access units that a camera sends, whether they are decoded or not. The camera is judged by these: while nothing moves,
 * only key frames are decoded.
 */
export interface Arrivals {
  /** Records that an access unit has arrived. */
  record(): void;
  /** Access units since the start. */
  count(): number;
  /** Milliseconds until the camera counts as silent if nothing arrives; 0 or less: it is silent. */
  silentInMs(): number;
}

/**
 * Watches the arrivals of one camera, across all of its streams.
 * @param idleMs the shortest silence now; that of a camera with rare frames is longer.
 */
export function watchArrivals(idleMs: () => number, clock: Pick<Clock, "monotonicMs">): Arrivals {
  let count = 0;
  let lastMs = clock.monotonicMs();
  let intervals: RecentIntervals = [];
  return {
    record() {
      const nowMs = clock.monotonicMs();
      if (count > 0) intervals = addInterval(intervals, nowMs - lastMs);
      lastMs = nowMs;
      count++;
    },
    count: () => count,
    silentInMs: () => lastMs + longestPauseMs(intervals, idleMs()) - clock.monotonicMs(),
  };
}
