import type { Clock } from "../base/clock.ts";

/** The quality of a camera's connection, in Frigate's words. */
export type ConnectionQuality = "excellent" | "fair" | "poor" | "unusable";

/** Whether a camera's stream is available, now and during the last hour. */
export interface StreamAvailability {
  /** Records that the camera delivers frames, or no longer does. */
  setStatus(status: "online" | "offline"): void;
  isOnline(): boolean;
  /** The number of reconnects within the last hour; the first connection does not count. */
  reconnectsLastHour(): number;
}

const HOUR_MS = 3_600_000;

/** Tracks the availability of a camera's stream. */
export function trackAvailability(clock: Pick<Clock, "monotonicMs">): StreamAvailability {
  let online = false;
  let wasOnline = false;
  let reconnectsMs: readonly number[] = [];
  const recent = () => reconnectsMs.filter((ms) => ms > clock.monotonicMs() - HOUR_MS);
  return {
    setStatus(status) {
      const now = status === "online";
      if (now && !online && wasOnline) reconnectsMs = [...recent(), clock.monotonicMs()];
      online = now;
      wasOnline ||= now;
    },
    isOnline: () => online,
    reconnectsLastHour: () => recent().length,
  };
}

/**
 * Rates a camera's connection by the access units that arrive, whether they are decoded or not. A camera that delivers less
 * than half of the expected frames is rated poor, even if its connection is stable.
 * @param fps received access units per second
 * @param expectedFps requested frames per second
 */
export function connectionQuality(
  isOnline: boolean,
  fps: number,
  expectedFps: number,
  reconnects: number,
): ConnectionQuality {
  const share = fps / expectedFps;
  if (!isOnline || share < 0.1 || reconnects > 30) return "unusable";
  if (share < 0.5 || reconnects > 10) return "poor";
  if (share < 0.8 || reconnects > 2) return "fair";
  return "excellent";
}
