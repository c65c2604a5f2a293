import { wasSetBack } from "../base/clock.ts";

/** Translates between the times of access units and the presentation times (pts) with which a decoder is fed. */
export interface FrameTimes {
  /**
   * @param timeMs of the next access unit in decoding order
   * @returns its pts in milliseconds, unique
   */
  add(timeMs: number): number;
  /**
   * The time of the frame that came from the access unit with this pts, in milliseconds. Call it in the order in which the
   * decoder outputs the frames. The result never decreases, except where the clock was set back.
   * @param pts undefined if it is not known: the frame gets the time of the first access unit after the last frame, or of
   * the newest access unit if no pts was ever known
   * @returns undefined if the decoder outputs the frame too late
   */
  timeOf(pts: number | undefined): number | undefined;
}

/**
 * The longest time by which a frame is decoded before a frame that is shown earlier: 16 frames (H.264, A.3.1) at 1.6 per
 * second.
 */
const REORDERED_MS = 10_000;
/** ffmpeg drops packets after a step of 30 hours. */
const LONGEST_STEP_MS = 3_600_000;
/**
 * An H.264 decoder may output a frame seconds late if the following ones are omitted. Frames that were written with times of
 * arrival are out of order by much less.
 */
const LATE_MS = 1000;
/** Most frames are output at once. The rate limit and the decoder drop some. */
const MOST_KEPT = 2000;
const KEPT_BEFORE = 64;

/**
 * Creates an empty translation. Times that stand still, jump or run backwards become a pts one millisecond later: a decoder
 * needs increasing times, and the rate limit would drop frames until the old time is reached again.
 * @param isReordered whether the stream has B frames: their times may run backwards.
 */
export function createFrameTimes(isReordered: boolean): FrameTimes {
  const timeByPts = new Map<number, number>();
  let baseMs: number | undefined;
  let highestPts = -1;
  let newestMs = 0;
  let lastMs = Number.NEGATIVE_INFINITY;
  let lastPts = 0;
  let areKnown = false;

  function ptsOf(timeMs: number): number {
    const earliest = isReordered ? Math.max(0, highestPts - REORDERED_MS) : highestPts + 1;
    const wanted = baseMs === undefined ? Number.NaN : Math.round(timeMs - baseMs);
    let pts = wanted >= earliest && wanted <= highestPts + LONGEST_STEP_MS ? wanted : highestPts + 1;
    while (timeByPts.has(pts)) pts++;
    if (pts !== wanted) baseMs = timeMs - pts;
    return pts;
  }

  function forgetBefore(pts: number): void {
    for (const known of timeByPts.keys()) {
      if (timeByPts.size <= KEPT_BEFORE || known >= pts) return;
      timeByPts.delete(known);
    }
  }

  /**
   * On a busy machine, a report of ffmpeg may be read too late. The newest access unit may be seconds ahead of the frame then:
   * with its time, the next frame would seem to come from a clock that was set back.
   */
  function ptsAfterLast(): number | undefined {
    const later = [...timeByPts.keys()].filter((pts) => pts > lastPts);
    return later.length === 0 ? undefined : Math.min(...later);
  }

  return {
    add(timeMs) {
      const pts = ptsOf(timeMs);
      highestPts = Math.max(highestPts, pts);
      timeByPts.set(pts, timeMs);
      newestMs = timeMs;
      if (timeByPts.size > MOST_KEPT) forgetBefore(Number.POSITIVE_INFINITY);
      return pts;
    },
    timeOf(reported) {
      areKnown ||= reported !== undefined;
      const pts = reported ?? (areKnown ? ptsAfterLast() : undefined);
      if (pts !== undefined && pts < lastPts - LATE_MS) return undefined;
      lastPts = Math.max(lastPts, pts ?? 0);
      const ownMs = (pts === undefined ? undefined : timeByPts.get(pts)) ?? newestMs;
      if (pts !== undefined) forgetBefore(pts);
      lastMs = wasSetBack(lastMs, ownMs) ? ownMs : Math.max(lastMs, ownMs);
      return lastMs;
    },
  };
}
