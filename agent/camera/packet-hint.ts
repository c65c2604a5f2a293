import { clamp, median } from "../base/numbers.ts";

/** The properties of a coded frame that the hint uses. */
export interface SizedUnit {
  readonly bytes: number;
  readonly isKey: boolean;
  readonly isDamaged: boolean;
  /** Milliseconds on the same clock as the frames that the gate judges. */
  readonly timeMs: number;
}

/**
 * The packet sizes of one camera while nothing moves, by position in the group of frames that starts with a key frame. An
 * encoder spends few bytes on areas that stay the same, so an unusually large frame suggests motion. This finds near motion by
 * day. It misses motion that is far away or in the noise of the night. Therefore a hint only starts decoding; its absence
 * proves nothing.
 */
export interface PacketHint {
  /** Index: position in the group, 0 for the first frame after the key frame. */
  readonly usual: readonly UsualSize[];
  /** The median of their deviations. */
  readonly deviation: number;
  /** Frames that no verdict of the gate covers yet. */
  readonly pending: readonly Pending[];
  /** Of the next frame; positions above the last one share its entry. */
  readonly position: number;
  /** Scores of the previous frames of this group, at most two. */
  readonly recent: readonly number[];
  /** A higher score is a hint. */
  readonly threshold: number;
  /** When `threshold` was last changed; undefined: before the first frame. */
  readonly changedMs: number | undefined;
}

interface UsualSize {
  /** Logarithms of the last sizes, newest last. */
  readonly sizes: readonly number[];
  readonly middle: number;
  /** The standard deviation, estimated from the median absolute deviation. */
  readonly deviation: number;
}

interface Pending {
  readonly position: number;
  readonly size: number;
  readonly timeMs: number;
}

/** Groups of frames: half a minute to a minute of most cameras. */
const REMEMBERED = 24;
/** Sizes that a position needs before it can be judged. */
const LEAST_REMEMBERED = 6;
/** A group of 2.5 s at 25 frames per second has 62. */
const LAST_POSITION = 63;
const MOST_PENDING = 512;
/** Bytes of a frame that contains nothing: without them, sizes of a few bytes would have extreme logarithms. */
const EMPTY_FRAME = 20;
/** Standard deviation of normally distributed values whose median absolute deviation is 1. */
const MAD_TO_DEVIATION = 1.4826;
/** Sizes vary by at least 1.5 %: an encoder that repeats itself exactly would turn every byte into a hint. */
const LEAST_DEVIATION = 0.015;
/** Standard deviations. */
const FIRST_THRESHOLD = 4;
const MOST_THRESHOLD = 60;
const RAISE = 1.3;
/** False hints raise the threshold. Half of the increase is gone after this time. */
const HALF_LIFE_MS = 10 * 60_000;

/** Before the first frame. */
export const NO_HISTORY: PacketHint = {
  usual: [],
  deviation: LEAST_DEVIATION,
  pending: [],
  position: 0,
  recent: [],
  threshold: FIRST_THRESHOLD,
  changedMs: undefined,
};

/** Takes the next coded frame. @returns whether its size, or that of the last three frames together, suggests motion */
export function judgeSize(hint: PacketHint, unit: SizedUnit): { hint: PacketHint; suggestsMotion: boolean } {
  if (unit.isKey) return { hint: { ...hint, position: 0, recent: [] }, suggestsMotion: false };
  const { position } = hint;
  const next = Math.min(position + 1, LAST_POSITION);
  // The size of a damaged frame says nothing, and the size of the next frame depends on the part that was lost.
  if (unit.isDamaged) return { hint: { ...hint, position: next, recent: [] }, suggestsMotion: false };
  const size = Math.log(unit.bytes + EMPTY_FRAME);
  const pending = [...hint.pending, { position, size, timeMs: unit.timeMs }].slice(-MOST_PENDING);
  const usual = hint.usual[position];
  if (usual === undefined || usual.sizes.length < LEAST_REMEMBERED) {
    return { hint: { ...hint, position: next, pending, recent: [] }, suggestsMotion: false };
  }
  // Two dozen sizes tell little about how much they vary; those of the other positions vary about as much.
  const deviation = Math.sqrt(usual.deviation * hint.deviation);
  const score = (size - usual.middle) / deviation;
  const scores = [...hint.recent, score];
  const together = scores.length < 3 ? score : scores.reduce((sum, one) => sum + one, 0) / Math.sqrt(3);
  const relaxed = relax(hint, unit.timeMs);
  return {
    hint: { ...relaxed, position: next, pending, recent: scores.slice(-2) },
    suggestsMotion: Math.max(score, together) > relaxed.threshold,
  };
}

/** The gate saw nothing move up to this frame: the sizes up to it are usual. */
export function learnSizes(hint: PacketHint, timeMs: number): PacketHint {
  const settled = hint.pending.filter((unit) => unit.timeMs <= timeMs);
  if (settled.length === 0) return hint;
  const usual = [...hint.usual];
  for (const { position, size } of settled) {
    while (usual.length < position) usual.push(usualOf([]));
    usual[position] = usualOf([...(usual[position]?.sizes ?? []).slice(1 - REMEMBERED), size]);
  }
  const known = usual.filter(({ sizes }) => sizes.length >= LEAST_REMEMBERED);
  const deviation = known.length === 0 ? LEAST_DEVIATION : median(known.map((one) => one.deviation));
  return forgetSizes({ ...hint, usual, deviation }, timeMs);
}

/** The gate saw motion in this frame, or could not tell: the sizes up to it are forgotten. */
export function forgetSizes(hint: PacketHint, timeMs: number): PacketHint {
  return { ...hint, pending: hint.pending.filter((unit) => unit.timeMs > timeMs) };
}

/** A hint woke the decoder for nothing: the next one must be stronger. */
export function raiseThreshold(hint: PacketHint): PacketHint {
  return { ...hint, threshold: Math.min(hint.threshold * RAISE, MOST_THRESHOLD) };
}

function relax(hint: PacketHint, timeMs: number): PacketHint {
  const elapsedMs = Math.max(timeMs - (hint.changedMs ?? timeMs), 0);
  const added = (hint.threshold - FIRST_THRESHOLD) * 2 ** (-elapsedMs / HALF_LIFE_MS);
  return {
    ...hint,
    threshold: clamp(FIRST_THRESHOLD + added, FIRST_THRESHOLD, MOST_THRESHOLD),
    changedMs: timeMs,
  };
}

function usualOf(sizes: readonly number[]): UsualSize {
  if (sizes.length < LEAST_REMEMBERED) return { sizes, middle: 0, deviation: LEAST_DEVIATION };
  const middle = median(sizes);
  const spread = median(sizes.map((size) => Math.abs(size - middle)));
  return { sizes, middle, deviation: Math.max(spread * MAD_TO_DEVIATION, LEAST_DEVIATION) };
}
