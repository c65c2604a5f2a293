import { clamp } from "../base/numbers.ts";
import type { AccessUnit } from "./rtsp/access-unit.ts";

/** The properties of an access unit that determine the time of its frame. */
export type ArrivingUnit = Pick<AccessUnit, "streamSeconds" | "arrivedMs" | "format">;

/** How a stream's own time relates to the monotonic clock. */
export interface StreamTime {
  /** Present while frames are timed by arrival: the stream's time is on trial. */
  readonly trial: Trial | undefined;
  /** The least delay of an arrival after the stream's time, in this window and in the one before, milliseconds. */
  readonly leastDelayMs: number;
  readonly formerDelayMs: number;
  readonly windowStartMs: number;
  /** The frame with the latest stream time: this time, its arrival, and the time that it was given. */
  readonly latestSeconds: number;
  readonly latestArrivedMs: number;
  readonly latestMs: number;
  /** Units since it arrived. */
  readonly unitsSince: number;
  /** Of the newest key frame. */
  readonly reorderFrames: number;
}

interface Trial {
  readonly startMs: number;
  readonly startSeconds: number;
  readonly units: number;
}

/** No frame is timed earlier than this before its arrival. */
export const MOST_EARLY_MS = 2_000;
/** In one step, the stream's time may exceed the time that passed by this much. */
const MOST_LEAP_MS = 1_000;
/** A B frame is displayed at most this long before a frame that was sent earlier. */
const MOST_REORDER_MS = 1_000;
/** H.264 and H.265 reorder at most 16 frames. */
const MOST_REORDERED = 16;
/** A drift of the camera's clock is followed within one or two windows. */
const WINDOW_MS = 5_000;
/** The stream's time is trusted again after it has kept pace for this long. */
const TRIAL_MS = 5_000;
const TRIAL_UNITS = 5;
/** How much faster or slower it may run: some cameras state 25 frames per second and send 24. */
const PACE_TOLERANCE = 0.1;
/** How much the delay of the network may vary from one window to the next. */
const DELAY_TOLERANCE_MS = 300;

/** Before the first access unit. */
export const NO_STREAM_TIME: StreamTime = {
  trial: undefined,
  leastDelayMs: Number.POSITIVE_INFINITY,
  formerDelayMs: Number.POSITIVE_INFINITY,
  windowStartMs: 0,
  latestSeconds: Number.NaN,
  latestArrivedMs: 0,
  latestMs: Number.NEGATIVE_INFINITY,
  unitsSince: 0,
  reorderFrames: 0,
};

/**
 * Times the next frame in the order of decoding, milliseconds of the monotonic clock: by the stream's own time while this
 * keeps pace with the clock, so that delays in the network do not matter; by arrival if it stands still, jumps or runs
 * backwards. The time is never later than the arrival and never more than `MOST_EARLY_MS` before it. It goes back only where
 * the stream's own time does, in streams with B frames.
 */
export function frameTime(before: StreamTime, unit: ArrivingUnit): { state: StreamTime; timeMs: number } {
  const { streamSeconds, arrivedMs, format } = unit;
  const state = { ...before, reorderFrames: format?.reorderFrames ?? before.reorderFrames };
  const isFirst = state.latestMs === Number.NEGATIVE_INFINITY && Number.isFinite(delayOf(unit));
  const next = isFirst ? startAt(state, unit) : follow(state, unit);
  if (next.trial !== undefined) return note(next, unit, arrivedMs);
  const delayMs = Math.min(next.leastDelayMs, next.formerDelayMs);
  const backMs = isFirst ? 0 : Math.max(next.latestSeconds - streamSeconds, 0) * 1000;
  const earliestMs = Math.max(next.latestMs - backMs, arrivedMs - MOST_EARLY_MS);
  return note(next, unit, clamp(streamSeconds * 1000 + delayMs, earliestMs, arrivedMs));
}

/** Gives a frame its time. */
function note(state: StreamTime, { streamSeconds, arrivedMs }: ArrivingUnit, timeMs: number) {
  const isLatest = !(streamSeconds <= state.latestSeconds);
  const latest = isLatest
    ? { latestSeconds: streamSeconds, latestArrivedMs: arrivedMs, latestMs: timeMs, unitsSince: 0 }
    : { latestMs: Math.max(state.latestMs, timeMs), unitsSince: state.unitsSince + 1 };
  return { state: { ...state, ...latest }, timeMs };
}

function startAt(state: StreamTime, unit: ArrivingUnit): StreamTime {
  return {
    ...state,
    leastDelayMs: delayOf(unit),
    formerDelayMs: Number.POSITIVE_INFINITY,
    windowStartMs: unit.arrivedMs,
  };
}

function follow(state: StreamTime, unit: ArrivingUnit): StreamTime {
  if (!isSoundStep(state, unit)) return distrust(state, unit);
  const { trial, windowStartMs, formerDelayMs } = state;
  const leastDelayMs = Math.min(state.leastDelayMs, delayOf(unit));
  const next = { ...state, leastDelayMs };
  if (trial !== undefined)
    return continueTrial({ ...next, trial: { ...trial, units: trial.units + 1 } }, unit);
  if (unit.arrivedMs - windowStartMs < WINDOW_MS) return next;
  const changeMs = Math.abs(leastDelayMs - formerDelayMs);
  if (Number.isFinite(formerDelayMs) && changeMs > PACE_TOLERANCE * WINDOW_MS + DELAY_TOLERANCE_MS) {
    return distrust(state, unit);
  }
  return {
    ...next,
    formerDelayMs: leastDelayMs,
    leastDelayMs: delayOf(unit),
    windowStartMs: unit.arrivedMs,
  };
}

/** Whether the stream's time went forward about as the clock did, or back as far as B frames do. */
function isSoundStep(state: StreamTime, unit: ArrivingUnit): boolean {
  const { streamSeconds, arrivedMs } = unit;
  if (!Number.isFinite(delayOf(unit))) return false;
  const stepMs = (streamSeconds - state.latestSeconds) * 1000;
  if (stepMs > 0) return stepMs - (arrivedMs - state.latestArrivedMs) <= MOST_LEAP_MS;
  return state.reorderFrames > 0 && stepMs >= -MOST_REORDER_MS && state.unitsSince < MOST_REORDERED;
}

/** Times frames by arrival from now on, until the stream's time has been sound for a while. */
function distrust(state: StreamTime, unit: ArrivingUnit): StreamTime {
  const trial = { startMs: unit.arrivedMs, startSeconds: unit.streamSeconds, units: 0 };
  return { ...startAt(state, unit), trial, latestSeconds: Number.NaN };
}

function continueTrial(state: StreamTime & { readonly trial: Trial }, unit: ArrivingUnit): StreamTime {
  const { startMs, startSeconds, units } = state.trial;
  const elapsedMs = unit.arrivedMs - startMs;
  if (elapsedMs < TRIAL_MS || units < TRIAL_UNITS) return state;
  const aheadMs = (unit.streamSeconds - startSeconds) * 1000 - elapsedMs;
  if (Math.abs(aheadMs) > PACE_TOLERANCE * elapsedMs + DELAY_TOLERANCE_MS) return distrust(state, unit);
  return { ...state, trial: undefined, windowStartMs: unit.arrivedMs };
}

function delayOf({ streamSeconds, arrivedMs }: ArrivingUnit): number {
  return arrivedMs - streamSeconds * 1000;
}
