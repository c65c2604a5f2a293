import type { VideoFormat } from "./rtsp/access-unit.ts";

/** `detect.idle`: which frames are decoded while nothing moves. */
export type IdleSetting = "auto" | "keyframes" | "all";

/** Which frames are decoded while nothing moves, and why. */
export interface IdleMode {
  readonly idle: "keyframes" | "all";
  readonly reason: IdleReason;
  /** The longest of the last intervals between whole key frames, seconds; undefined: not known yet. */
  readonly keyFrameSeconds: number | undefined;
}

/**
 * `configured`: `detect.idle` says so. `no_motion_detection`: nothing would wake the decoder. `measuring`: too few key frames
 * so far. `interlaced`: a key frame may be one field of a frame. `far_apart`: motion between key frames would be seen too
 * late. `close`: key frames are close enough.
 */
export type IdleReason =
  | "configured"
  | "no_motion_detection"
  | "measuring"
  | "interlaced"
  | "far_apart"
  | "close";

export interface IdleRules {
  readonly idle: IdleSetting;
  /** Whether the motion gate judges the frames. */
  readonly hasMotionDetection: boolean;
}

/** The times of the last whole key frames, milliseconds, newest last. */
export type KeyTimes = readonly number[];

/** With `auto`, motion is seen at most this much later than with all frames, seconds. */
export const MOST_KEY_SECONDS = 2.5;
/** Frames arrive late now and then, and 25 frames per second do not divide every interval. */
const TOLERANCE_SECONDS = 0.25;
/** One long interval counts at once: the camera may vary its interval, or key frames may be lost. */
const INTERVALS = 4;
const LEAST_INTERVALS = 2;

export function addKeyTime(times: KeyTimes, timeMs: number): KeyTimes {
  return [...times.slice(-INTERVALS), timeMs];
}

/** Whether a longer key frame interval costs CPU time: not if all frames are as rare. @param fps of the stream */
export function isKeyIntervalCostly({ reason }: IdleMode, fps = Number.POSITIVE_INFINITY): boolean {
  return reason === "far_apart" && fps > 1 / MOST_KEY_SECONDS;
}

/** Decides which frames are decoded while nothing moves. @param nowMs of the newest frame, on the clock of `times` */
export function chooseIdleMode(
  { idle, hasMotionDetection }: IdleRules,
  format: Pick<VideoFormat, "isInterlaced"> | undefined,
  times: KeyTimes,
  nowMs: number,
): IdleMode {
  const intervals = times.slice(1).map((time, index) => (time - (times[index] ?? time)) / 1000);
  const longest = intervals.length === 0 ? undefined : Math.max(...intervals);
  const sinceLast = (nowMs - (times.at(-1) ?? nowMs)) / 1000;
  const keyFrameSeconds = longest === undefined ? undefined : Math.max(longest, sinceLast);
  const say = (mode: "keyframes" | "all", reason: IdleReason): IdleMode => {
    return { idle: mode, reason, keyFrameSeconds };
  };
  if (idle === "all") return say("all", "configured");
  if (!hasMotionDetection) return say("all", "no_motion_detection");
  if (idle === "keyframes") return say("keyframes", "configured");
  if (format?.isInterlaced === true) return say("all", "interlaced");
  if ((keyFrameSeconds ?? sinceLast) > MOST_KEY_SECONDS + TOLERANCE_SECONDS) return say("all", "far_apart");
  if (intervals.length < LEAST_INTERVALS) return say("all", "measuring");
  return say("keyframes", "close");
}
