/** Tells a silent camera from one that sends a frame every few seconds. Times are milliseconds of the monotonic clock. */
export interface ArrivalLimit {
  /** A packet of the video has arrived. */
  note(nowMs: number): void;
  /** When the camera counts as silent, unless a packet arrives before. */
  silentAtMs(): number;
  /** The time without a packet after which it counts as silent. */
  limitMs(): number;
}

const LEAST_MS = 10_000;
const MOST_MS = 60_000;
/** The limit is this many times as long as the longest recent interval. */
const TIMES = 3;
const RECENT_MS = 600_000;
const MOST_INTERVALS = 32;

/** @param startMs when the camera was asked to play */
export function arrivalLimit(startMs: number): ArrivalLimit {
  let lastMs = startMs;
  /** Intervals that are long enough to raise the limit. */
  let long: { readonly ms: number; readonly atMs: number }[] = [];
  const limitMs = () => {
    const longest = Math.max(0, ...long.map(({ ms }) => ms));
    return Math.min(Math.max(LEAST_MS, TIMES * longest), MOST_MS);
  };
  return {
    note(nowMs) {
      const ms = nowMs - lastMs;
      lastMs = nowMs;
      if (ms * TIMES <= LEAST_MS) return;
      long = [
        ...long.filter(({ atMs }) => nowMs - atMs < RECENT_MS).slice(1 - MOST_INTERVALS),
        { ms, atMs: nowMs },
      ];
    },
    silentAtMs: () => lastMs + limitMs(),
    limitMs,
  };
}
