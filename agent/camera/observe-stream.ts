import type { Rotation } from "../base/rotation.ts";
import { measureFrameRate } from "./frame-rate.ts";
import { addKeyTime, chooseIdleMode, type IdleMode, type IdleRules, type KeyTimes } from "./idle-mode.ts";
import type { AccessUnit, VideoFormat } from "./rtsp/access-unit.ts";
import { frameTime, NO_STREAM_TIME } from "./stream-time.ts";

/** The properties of a stream that can be observed within a few seconds. */
export interface ObservedStream {
  /** Of the newest key frame; undefined before the first one. */
  readonly format: VideoFormat | undefined;
  readonly rotation: Rotation;
  /** Frames per second; undefined before the second frame. */
  readonly fps: number | undefined;
  /** The longest time between two key frames so far, seconds; undefined before the second one. */
  readonly keyFrameSeconds: number | undefined;
  /** From the newest key frame to the newest frame. */
  readonly sinceKeySeconds: number;
  readonly idle: IdleMode;
  /** Whether all properties are known. */
  readonly isComplete: boolean;
}

/** Observes the properties of a stream. */
export interface StreamObserver {
  add(unit: AccessUnit): void;
  observed(): ObservedStream;
}

/** Two intervals of key frames show whether they are regular. */
const INTERVALS = 2;
/** In a shorter time, the burst of frames that a camera sends at the start would count too much. */
const LEAST_MS = 2_000;

export function observeStream(rules: IdleRules): StreamObserver {
  let time = NO_STREAM_TIME;
  let keyTimes: KeyTimes = [];
  let newest: AccessUnit | undefined;
  let format: VideoFormat | undefined;
  let firstMs: number | undefined;
  let lastMs = 0;
  const rate = measureFrameRate();
  return {
    add(unit) {
      const { state, timeMs } = frameTime(time, unit);
      time = state;
      newest = unit;
      format = unit.format ?? format;
      firstMs ??= timeMs;
      lastMs = Math.max(lastMs, timeMs);
      rate.add(unit);
      if (unit.isKey) keyTimes = addKeyTime(keyTimes, timeMs);
    },
    observed() {
      const elapsedMs = lastMs - (firstMs ?? lastMs);
      const idle = chooseIdleMode(rules, format, keyTimes, lastMs);
      return {
        format,
        rotation: newest?.rotation ?? 0,
        fps: rate.fps(),
        keyFrameSeconds: idle.keyFrameSeconds,
        sinceKeySeconds: (lastMs - (keyTimes.at(-1) ?? lastMs)) / 1000,
        idle,
        isComplete: format !== undefined && elapsedMs >= LEAST_MS && keyTimes.length > INTERVALS,
      };
    },
  };
}
