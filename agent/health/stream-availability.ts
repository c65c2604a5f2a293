import type { Clock } from "../base/clock.ts";

/** How well a camera's stream holds: Frigate's words. */
export type ConnectionQuality = "excellent" | "fair" | "poor" | "unusable";

/** A camera's connection, as it came and went. */
export interface Connection {
  /** Pictures come, or no longer do. */
  become(status: "online" | "offline"): void;
  isOnline(): boolean;
  /** How often pictures came back within the last hour; the first time is no return. */
  reconnectsLastHour(): number;
}

const HOUR_MS = 3_600_000;

/** Remembers an hour of a camera's connection. */
export function trackAvailability(clock: Pick<Clock, "monotonicMs">): Connection {
  let online = false;
  let wasOnline = false;
  let returnsMs: readonly number[] = [];
  const recent = () => returnsMs.filter((ms) => ms > clock.monotonicMs() - HOUR_MS);
  return {
    become(status) {
      const now = status === "online";
      if (now && !online && wasOnline) returnsMs = [...recent(), clock.monotonicMs()];
      online = now;
      wasOnline ||= now;
    },
    isOnline: () => online,
    reconnectsLastHour: () => recent().length,
  };
}

/**
 * What these figures say of a stream. A camera that sends half of what is asked of it is poor however steady it is.
 * @param fps pictures that came, per second
 * @param expectedFps pictures asked for, per second
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
