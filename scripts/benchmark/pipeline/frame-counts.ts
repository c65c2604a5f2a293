import type { Stats } from "../../../agent/health/stats.ts";

/** Counters of one camera's frames since the start. */
export type FrameCounts = Stats["cameras"][string]["frames"];

/** Counters by name of the camera. */
export type CountsByCamera = Readonly<Record<string, FrameCounts>>;

/** Frames of all cameras in a period. */
export interface FrameTotals extends FrameCounts {
  /** Frames that were expected but not read: the reader was too slow and the stream stalled. */
  readonly missed: number;
}

/** Reads the payload of `<prefix>/stats`. */
export function readCounts(payload: string): CountsByCamera {
  const { cameras } = JSON.parse(payload) as Pick<Stats, "cameras">;
  return Object.fromEntries(Object.entries(cameras).map(([name, { frames }]) => [name, frames]));
}

/** Frames that may be absent because the period starts and ends between two frames. */
const JITTER = 2;

/**
 * Difference between two readings of the counters.
 * @param expected number of frames of each camera
 */
export function frameTotals(before: CountsByCamera, after: CountsByCamera, expected: number): FrameTotals {
  const total = { seen: 0, gated: 0, looked: 0, skipped: 0, regions: 0, missed: 0 };
  for (const [name, now] of Object.entries(after)) {
    const then = before[name] ?? NOTHING;
    for (const key of COUNTED) total[key] += now[key] - then[key];
    const lacking = Math.round(expected) - (now.seen - then.seen);
    if (lacking > JITTER) total.missed += lacking;
  }
  return total;
}

const NOTHING: FrameCounts = { seen: 0, gated: 0, looked: 0, skipped: 0, regions: 0 };
const COUNTED = ["seen", "gated", "looked", "skipped", "regions"] as const;
