import { addKeyTime, chooseIdleMode, type IdleMode, type IdleRules, type KeyTimes } from "./idle-mode.ts";
import {
  forgetSizes,
  judgeSize,
  learnSizes,
  NO_HISTORY,
  type PacketHint,
  raiseThreshold,
} from "./packet-hint.ts";
import type { AccessUnit, VideoFormat } from "./rtsp/access-unit.ts";

/** An access unit and the time of its frame. */
export interface TimedUnit extends AccessUnit {
  /** Milliseconds of the monotonic clock, from `stream-time.ts`; goes backwards only as B frames do. */
  readonly timeMs: number;
}

export type PlanEvent =
  /** In the order of decoding. */
  | { readonly type: "unit"; readonly unit: TimedUnit }
  /** The gate's verdict on a decoded frame. `unknown`: it is calibrating. */
  | { readonly type: "frame"; readonly timeMs: number; readonly motion: "moved" | "still" | "unknown" }
  /** Whether a track is in view that is not stationary. */
  | { readonly type: "tracks"; readonly areMoving: boolean }
  /** Whether frames wait for the decoder, so that feeding it everything would only increase the delay. */
  | { readonly type: "backlog"; readonly isBehind: boolean }
  /** A new decoder runs: it has seen nothing yet. */
  | { readonly type: "reopened" };

export interface PlanRules extends IdleRules {
  /** Maximum size of the kept access units, bytes. */
  readonly keptBytes: number;
}

/** The state of one camera's plan. It contains no units that were fed. */
export interface DecodePlan {
  /** Why everything is decoded; undefined while idle. */
  readonly awake: Awake | undefined;
  /** The camera does not idle before a frame of this time, milliseconds. */
  readonly learntMs: number;
  readonly hasMovingTracks: boolean;
  readonly isBehind: boolean;
  /** Of the newest key frame. */
  readonly format: VideoFormat | undefined;
  readonly keyTimes: KeyTimes;
  readonly hint: PacketHint;
  /** All units since the last one that was fed, or nothing where `isUnbroken` is false. */
  readonly kept: readonly TimedUnit[];
  /** Their size in memory. */
  readonly keptBytes: number;
  /** Whether the decoder has everything before `kept`, so that it could continue there. */
  readonly isUnbroken: boolean;
  /** The time of the last key frame that was fed, milliseconds. */
  readonly keyMs: number;
  /** The time of the last key frame that was fed after a gap. Frames displayed before it refer to frames in the gap. */
  readonly restartMs: number;
  /** Units that must still be fed after an idle key frame, because the decoder holds back as many frames. */
  readonly owed: number;
  /** The number of damaged key frames since the last whole one. */
  readonly damagedKeys: number;
  /** Of the newest unit. */
  readonly timeMs: number;
  readonly counts: PlanCounts;
}

/** Counters since the start. */
export interface PlanCounts {
  readonly fed: number;
  /** Not decoded because nothing moved, or because they could not be decoded. */
  readonly omitted: number;
  /** Not decoded because the decoder was behind. */
  readonly skipped: number;
  /** How often the kept units exceeded `keptBytes` and were dropped. Motion is then seen only from the next key frame on. */
  readonly overflows: number;
  readonly wakeUpsByMotion: number;
  readonly wakeUpsByHint: number;
}

/** Why everything is decoded. `start`: the gate learns the scene. `all`: the camera never idles now. */
export type WakeReason = "start" | "motion" | "unknown" | "hint" | "track" | "all";

export interface Awake {
  readonly because: WakeReason;
  /** The newest frame with that reason, milliseconds. */
  readonly causeMs: number;
}

export interface PlanStep {
  readonly plan: DecodePlan;
  /** To be decoded now, in this order. */
  readonly feed: readonly TimedUnit[];
}

/** The default of `PlanRules.keptBytes`: 16 s at 4 Mbit/s. */
export const KEPT_BYTES = 8e6;

/** At first everything is decoded for this long: the gate learns the scene and its noise. */
const LEARN_MS = 10_000;
/** Everything is decoded for this long after the last frame that gave a reason. */
const HOLD_MS: Readonly<Record<WakeReason, number>> = {
  start: 0,
  motion: 5_000,
  // The gate settles in 0.6 s. Motion that it sees then has its own time.
  unknown: 1_500,
  hint: 800,
  track: 5_000,
  all: 0,
};
/** While idle or behind, key frames closer together than this are not decoded: some cameras send only key frames. */
const LEAST_KEY_APART_MS = 500;
/** A stream that loses packets of every key frame shows damaged frames rather than none. */
const MOST_DAMAGED_KEYS = 2;
/** The memory of an access unit without its data. */
export const UNIT_BYTES = 1_000;

/** Before the first access unit of a stream. */
export const NEW_PLAN: DecodePlan = {
  awake: { because: "start", causeMs: Number.NEGATIVE_INFINITY },
  learntMs: Number.POSITIVE_INFINITY,
  hasMovingTracks: false,
  isBehind: false,
  format: undefined,
  keyTimes: [],
  hint: NO_HISTORY,
  kept: [],
  keptBytes: 0,
  isUnbroken: false,
  keyMs: Number.NEGATIVE_INFINITY,
  restartMs: Number.NEGATIVE_INFINITY,
  owed: 0,
  damagedKeys: 0,
  timeMs: Number.NEGATIVE_INFINITY,
  counts: { fed: 0, omitted: 0, skipped: 0, overflows: 0, wakeUpsByMotion: 0, wakeUpsByHint: 0 },
};

/**
 * Decides which access units are decoded. While nothing moves, only key frames are: they cost a fifth of all frames. When one
 * of them shows motion, everything after it is decoded. When a packet size suggests motion, everything since the last decoded
 * key frame is decoded, so nothing in between is missing. Order is kept, and no unit is fed twice.
 *
 * Nothing is fed before the first whole key frame. After it, frames that lost packets are fed (decoders conceal the loss), but
 * while idle a damaged key frame is omitted, because a concealed loss looks like motion.
 */
export function planDecoding(plan: DecodePlan, event: PlanEvent, rules: PlanRules): PlanStep {
  switch (event.type) {
    case "unit":
      return takeUnit(plan, event.unit, rules);
    case "frame":
      return takeVerdict(plan, event.timeMs, event.motion, rules);
    case "tracks": {
      const next = { ...plan, hasMovingTracks: event.areMoving };
      return event.areMoving ? wake(next, "track", plan.timeMs) : { plan: next, feed: [] };
    }
    case "backlog":
      return resume({ ...plan, isBehind: event.isBehind });
    case "reopened":
      return { plan: { ...dropKept(plan, "omitted"), isUnbroken: false, owed: 0 }, feed: [] };
  }
}

/** Which frames are decoded while nothing moves, and why. */
export function idleModeOf(plan: DecodePlan, rules: IdleRules): IdleMode {
  return chooseIdleMode(rules, plan.format, plan.keyTimes, plan.timeMs);
}

function takeUnit(before: DecodePlan, unit: TimedUnit, rules: PlanRules): PlanStep {
  const { hint, suggestsMotion } = judgeSize(before.hint, unit);
  const isWholeKey = unit.isKey && !unit.isDamaged;
  const noted: DecodePlan = {
    ...before,
    hint,
    timeMs: Math.max(unit.timeMs, before.timeMs),
    format: unit.format ?? before.format,
    keyTimes: isWholeKey ? addKeyTime(before.keyTimes, unit.timeMs) : before.keyTimes,
  };
  const omitted: PlanStep = { plan: count(noted, "omitted"), feed: [] };
  if (refersToGap(noted, unit)) return omitted;

  const isStart = unit.isKey && (isWholeKey || noted.damagedKeys >= MOST_DAMAGED_KEYS);
  const isSparse = unit.isKey && unit.timeMs - noted.keyMs >= LEAST_KEY_APART_MS;
  const plan = unit.isKey ? { ...noted, damagedKeys: isStart ? 0 : noted.damagedKeys + 1 } : noted;

  const mustBeAwake = idleModeOf(plan, rules).idle === "all";
  if (plan.awake === undefined && !mustBeAwake && !suggestsMotion) {
    if (isStart && isSparse) return startAt(plan, unit);
    if (plan.owed > 0 && plan.isUnbroken) return feedAll({ ...plan, owed: plan.owed - 1 }, unit);
    return { plan: keep(plan, unit, rules), feed: [] };
  }

  const woken =
    plan.awake === undefined ? wakeBetweenFrames(plan, mustBeAwake ? "all" : "hint", unit.timeMs) : plan;
  if (woken.isBehind) {
    if (isStart && isSparse) return startAt(woken, unit, "skipped");
    return { plan: { ...count(dropKept(woken, "skipped"), "skipped"), isUnbroken: false }, feed: [] };
  }
  if (woken.isUnbroken) return feedAll(woken, unit);
  return isStart ? startAt(woken, unit) : { plan: count(woken, "omitted"), feed: [] };
}

function wakeBetweenFrames(plan: DecodePlan, because: "all" | "hint", causeMs: number): DecodePlan {
  const woken: DecodePlan = { ...plan, awake: { because, causeMs } };
  return because === "hint" ? count(woken, "wakeUpsByHint") : woken;
}

/**
 * Whether a frame is displayed before the key frame at which the decoder started, and so refers to frames that the decoder
 * does not have.
 */
function refersToGap({ format, keyMs, restartMs, isUnbroken }: DecodePlan, unit: TimedUnit): boolean {
  if (unit.isKey || !isUnbroken) return false;
  // Streams with B frames need not say how many frames are reordered.
  if (unit.isLeading === true) return keyMs === restartMs;
  return (format?.reorderFrames ?? 0) > 0 && unit.timeMs < restartMs;
}

/** Feeds a key frame, and drops the units that were kept before it. */
function startAt(plan: DecodePlan, unit: TimedUnit, dropped: "omitted" | "skipped" = "omitted"): PlanStep {
  const isGap = !plan.isUnbroken || plan.kept.length > 0;
  const free = dropKept(plan, dropped);
  const started: DecodePlan = {
    ...free,
    isUnbroken: true,
    keyMs: unit.timeMs,
    restartMs: isGap ? unit.timeMs : plan.restartMs,
    learntMs: Math.min(plan.learntMs, unit.timeMs + LEARN_MS),
    owed: plan.format?.reorderFrames ?? 0,
  };
  return { plan: count(started, "fed"), feed: [unit] };
}

/** Feeds the kept units and this unit. */
function feedAll(plan: DecodePlan, unit: TimedUnit): PlanStep {
  const feed = [...plan.kept, unit];
  const keyMs = unit.isKey ? unit.timeMs : plan.keyMs;
  return { plan: count({ ...plan, kept: [], keptBytes: 0, keyMs }, "fed", feed.length), feed };
}

function keep(plan: DecodePlan, unit: TimedUnit, rules: PlanRules): DecodePlan {
  if (!plan.isUnbroken) return count(plan, "omitted");
  const keptBytes = plan.keptBytes + unit.bytes + UNIT_BYTES;
  if (keptBytes <= rules.keptBytes) return { ...plan, kept: [...plan.kept, unit], keptBytes };
  const dropped = count(dropKept(plan, "omitted"), "omitted");
  return { ...count(dropped, "overflows"), isUnbroken: false };
}

function dropKept(plan: DecodePlan, why: "omitted" | "skipped"): DecodePlan {
  return count({ ...plan, kept: [], keptBytes: 0 }, why, plan.kept.length);
}

function takeVerdict(
  before: DecodePlan,
  timeMs: number,
  motion: "moved" | "still" | "unknown",
  rules: PlanRules,
): PlanStep {
  if (motion !== "still") {
    const plan = { ...before, hint: forgetSizes(before.hint, timeMs) };
    return wake(plan, motion === "moved" ? "motion" : "unknown", timeMs);
  }
  const plan = { ...before, hint: learnSizes(before.hint, timeMs) };
  const { awake } = plan;
  if (awake === undefined) return { plan, feed: [] };
  if (plan.hasMovingTracks) return wake(plan, "track", timeMs);
  const isHeld = timeMs < plan.learntMs || timeMs - awake.causeMs < HOLD_MS[awake.because];
  if (isHeld || idleModeOf(plan, rules).idle === "all") return { plan, feed: [] };
  const hint = awake.because === "hint" ? raiseThreshold(plan.hint) : plan.hint;
  return { plan: { ...plan, hint, awake: undefined, owed: 0 }, feed: [] };
}

/** Decodes everything from now on, beginning with the kept units. */
function wake(plan: DecodePlan, because: WakeReason, timeMs: number): PlanStep {
  const { awake } = plan;
  const woken: DecodePlan = {
    ...plan,
    awake: { because, causeMs: Math.max(timeMs, awake?.causeMs ?? timeMs) },
  };
  return resume(awake === undefined && because === "motion" ? count(woken, "wakeUpsByMotion") : woken);
}

/** Feeds the kept units, unless the plan is idle or behind, or a unit is missing. */
function resume(plan: DecodePlan): PlanStep {
  const { kept } = plan;
  if (plan.awake === undefined || plan.isBehind || !plan.isUnbroken) return { plan, feed: [] };
  return { plan: count({ ...plan, kept: [], keptBytes: 0 }, "fed", kept.length), feed: kept };
}

function count(plan: DecodePlan, name: keyof PlanCounts, more = 1): DecodePlan {
  return { ...plan, counts: { ...plan.counts, [name]: plan.counts[name] + more } };
}
