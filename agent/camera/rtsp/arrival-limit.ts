import { longestPauseMs } from "../../base/intervals.ts";

/**
 * Distinguishes a camera that no longer sends whole frames from one whose frames are far apart. Times are milliseconds of the
 * monotonic clock.
 */
export interface ArrivalLimit {
  /** A packet of the video has arrived. */
  packet(nowMs: number): void;
  /** An access unit has become complete. */
  unit(nowMs: number): void;
  /**
   * When the camera counts as failed, unless another access unit becomes complete before then. Before the first access unit, a
   * packet is enough.
   */
  failsAtMs(): number;
  /** What is missing, and for how long. */
  failure(): { readonly missing: "packets" | "frames"; readonly ms: number };
}

const LEAST_MS = 10_000;
/** High enough that a network which becomes slow is not mistaken for a camera whose frames are far apart. */
const INTERVALS = 50;
/** A camera whose packets still arrived in the last part of the time has not become silent. */
const SILENT_PART = 1 / 2;

/** @param startMs when the camera was asked to play */
export function arrivalLimit(startMs: number): ArrivalLimit {
  let packetMs = startMs;
  let unitMs = startMs;
  const intervals: number[] = [];
  const limitMs = () => longestPauseMs(intervals, LEAST_MS);
  const failsAtMs = () => (intervals.length === 0 ? packetMs : unitMs) + limitMs();
  return {
    packet(nowMs) {
      packetMs = nowMs;
    },
    unit(nowMs) {
      intervals.push(nowMs - unitMs);
      if (intervals.length > INTERVALS) intervals.shift();
      unitMs = nowMs;
    },
    failsAtMs,
    failure: () => ({
      missing: packetMs <= failsAtMs() - SILENT_PART * limitMs() ? "packets" : "frames",
      ms: limitMs(),
    }),
  };
}
