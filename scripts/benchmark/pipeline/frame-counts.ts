import type { Stats } from "../../../agent/health/stats.ts";

/** What became of one camera's frames since the start. */
export type FrameCounts = Stats["cameras"][string]["frames"];

/** Of every camera, by its name. */
export type CountsByCamera = Readonly<Record<string, FrameCounts>>;

/** What became of all cameras' frames in a while. */
export interface FrameTotals extends FrameCounts {
  /** Frames that should have come and did not: the reader was too slow, and the stream stalled behind it. */
  readonly missed: number;
}

/** The payload of `<prefix>/stats`. */
export function readCounts(payload: string): CountsByCamera {
  const { cameras } = JSON.parse(payload) as Pick<Stats, "cameras">;
  return Object.fromEntries(Object.entries(cameras).map(([name, { frames }]) => [name, frames]));
}

/** Frames that may be missing without having been missed: where the window's ends fall between two of them. */
const JITTER = 2;

/**
 * What happened between two looks at the counts.
 * @param expected frames of each camera
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
