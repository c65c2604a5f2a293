import type { Clock } from "../base/clock.ts";

/** The quality of a camera's connection, in Frigate's words. */
export type ConnectionQuality = "excellent" | "fair" | "poor" | "unusable";

/** Why a camera delivers no frames. */
export interface Outage {
  /** Unix time in milliseconds of the last frame; before the first frame, of the start. */
  readonly sinceMs: number;
  /** The latest failure; undefined before the first. */
  readonly failure: StreamFailure | undefined;
}

export interface StreamFailure {
  readonly message: string;
  readonly remedy: string;
}

/** Whether a camera's stream is available, now and during the last hour. */
export interface StreamAvailability {
  /** Records that the camera delivers frames, or no longer does. */
  setStatus(status: "online" | "offline"): void;
  /** Records why the stream failed. */
  setFailure(failure: StreamFailure): void;
  isOnline(): boolean;
  /** undefined while the camera is online. */
  outage(): Outage | undefined;
  /** The number of reconnects within the last hour; the first connection does not count. */
  reconnectsLastHour(): number;
}

const HOUR_MS = 3_600_000;

/** Tracks the availability of a camera's stream. */
export function trackAvailability(clock: Pick<Clock, "monotonicMs" | "nowMs">): StreamAvailability {
  let online = false;
  let sinceMs = clock.nowMs();
  let failure: StreamFailure | undefined;
  let wasOnline = false;
  let reconnectsMs: readonly number[] = [];
  const recent = () => reconnectsMs.filter((ms) => ms > clock.monotonicMs() - HOUR_MS);
  return {
    setStatus(status) {
      const now = status === "online";
      if (now && !online && wasOnline) reconnectsMs = [...recent(), clock.monotonicMs()];
      if (now !== online) sinceMs = clock.nowMs();
      if (now) failure = undefined;
      online = now;
      wasOnline ||= now;
    },
    setFailure({ message, remedy }) {
      failure = { message, remedy };
    },
    isOnline: () => online,
    outage: () => (online ? undefined : { sinceMs, failure }),
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
