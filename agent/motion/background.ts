import type { Light } from "./light.ts";
import { applyToneCurve, type ToneCurve } from "./tone.ts";
import { cappedFrames, weightOf } from "./weight.ts";

/**
 * The appearance of the scene without motion, grey levels per pixel; changed in place.
 *
 * Each pixel has a current appearance, a former one, and a candidate for the next one. An object that stays becomes
 * background. When it leaves, the former appearance is restored at once: a car that parks stops being motion, and leaves no
 * ghost behind.
 */
export interface Background {
  readonly current: Float32Array;
  /** For how long frames showed `current`, in frame intervals (as all durations here), at most `MOST_TENURE`. */
  readonly tenure: Float32Array;
  /** The appearance before `current`, or an earlier one that lasted longer. */
  readonly former: Float32Array;
  /** For how long frames showed `former` while it was current; 0: unknown. */
  readonly formerTenure: Float32Array;
  /** For how long frames have shown `former` again. */
  readonly returned: Float32Array;
  /** The appearance that recent frames showed instead of `current`. */
  readonly candidate: Float32Array;
  /** For how long frames were in favour of `candidate`, minus those against it. */
  readonly votes: Float32Array;
}

export interface Learning {
  /** The weight of the newest frame where nothing moved, 0..1; `weightOf` gives it. */
  readonly rate: number;
  /** The grey levels within which a pixel looks the same. */
  readonly tolerance: number;
  /** Frame intervals since the last frame. */
  readonly frames: number;
  /** Frame intervals after which a new appearance becomes background. */
  readonly settleFrames: number;
  /** Frame intervals after which a former appearance is restored. */
  readonly returnFrames: number;
}

/** An empty background; the first `adoptAppearance` fills it. */
export function startBackground(pixels: number): Background {
  return {
    current: new Float32Array(pixels),
    tenure: new Float32Array(pixels),
    former: new Float32Array(pixels),
    formerTenure: new Float32Array(pixels),
    returned: new Float32Array(pixels),
    candidate: new Float32Array(pixels),
    votes: new Float32Array(pixels),
  };
}

/** Adapts all appearances to another light. */
export function relight({ current, former, candidate }: Background, { gain, offset }: Light) {
  for (let index = 0; index < current.length; index++) {
    current[index] = gain * (current[index] ?? 0) + offset;
    former[index] = gain * (former[index] ?? 0) + offset;
    candidate[index] = gain * (candidate[index] ?? 0) + offset;
  }
}

/** Adapts all appearances to another tone curve. */
export function retone({ current, former, candidate }: Background, curve: ToneCurve) {
  for (const brightness of [current, former, candidate]) applyToneCurve(brightness, curve);
}

/**
 * Makes the newest frame the background, except where something was moving: after a change of light with any tone curve.
 * @param moved 1 where something was moving.
 */
export function adoptAppearance(
  { current, former, returned, votes }: Background,
  grey: Float32Array,
  moved: Uint8Array,
) {
  for (let index = 0; index < current.length; index++) {
    if (moved[index] === 1) continue;
    former[index] = current[index] ?? 0;
    current[index] = grey[index] ?? 0;
    returned[index] = 0;
    votes[index] = 0;
  }
}

/**
 * Learns from one frame: a running average where nothing moved. Elsewhere the former appearance replaces the current one
 * after `returnFrames`, and a new appearance does after `settleFrames`. Each frame votes for or against the new one (Boyer
 * and Moore 1981, "MJRTY"), so that an object that passes in front of it has little effect. Its vote weighs as much as the
 * time since the last frame, up to a limit: a new appearance needs four frames at least, a former one two.
 * @param moved 1 where the frame differs from the background.
 */
export function learn(background: Background, grey: Float32Array, moved: Uint8Array, learning: Learning) {
  // Read from the object once: this is the gate's hottest loop.
  const { current, tenure, returned, votes } = background;
  const { rate, tolerance, frames, settleFrames, returnFrames } = learning;
  const weights: Weights = {
    vote: cappedFrames(frames, settleFrames),
    ofFormer: Math.min(frames, Math.max(1, returnFrames / 2)),
    ofCandidate: weightOf(1 / CANDIDATE_MEMORY, frames),
  };
  for (let index = 0; index < current.length; index++) {
    const seen = grey[index] ?? 0;
    const known = current[index] ?? 0;
    const isCurrent = Math.abs(seen - known) <= tolerance;
    if (moved[index] === 0) {
      current[index] = known + rate * (seen - known);
      if (isCurrent) confirmCurrent(tenure, returned, votes, index, weights.vote);
    }
    // Per pixel: a speck that the smoothing hides must recover as well.
    if (!isCurrent) voteForOther(background, index, seen, learning, weights);
  }
}

/** How much the newest frame counts. */
interface Weights {
  /** For or against a candidate, and for the current appearance; frame intervals. */
  readonly vote: number;
  /** For the former appearance; frame intervals. */
  readonly ofFormer: number;
  /** In the average of a candidate, 0..1. */
  readonly ofCandidate: number;
}

/** Counts a frame in favour of the current appearance. */
function confirmCurrent(
  tenure: Float32Array,
  returned: Float32Array,
  votes: Float32Array,
  index: number,
  weight: number,
) {
  const heldFor = tenure[index] ?? 0;
  if (heldFor < MOST_TENURE) tenure[index] = Math.min(heldFor + weight, MOST_TENURE);
  if (returned[index] !== 0) returned[index] = 0;
  const against = votes[index] ?? 0;
  if (against > 0) votes[index] = Math.max(against - weight, 0);
}

/** Counts a frame in favour of another appearance. */
function voteForOther(
  background: Background,
  index: number,
  seen: number,
  { tolerance, settleFrames, returnFrames }: Learning,
  weights: Weights,
) {
  const { tenure, former, formerTenure, returned, candidate, votes } = background;
  const heldFor = formerTenure[index] ?? 0;
  // An appearance that lasted only briefly, such as a visitor's coat, is not restored.
  const wasBackground = heldFor > 0 && heldFor >= Math.min(tenure[index] ?? 0, settleFrames);
  if (wasBackground && Math.abs(seen - (former[index] ?? 0)) <= tolerance) {
    const returnedFor = (returned[index] ?? 0) + weights.ofFormer;
    returned[index] = returnedFor;
    if (returnedFor >= returnFrames) replaceCurrent(background, index, seen, heldFor);
    return;
  }
  returned[index] = 0;
  const suggested = candidate[index] ?? 0;
  const count = votes[index] ?? 0;
  const agrees = Math.abs(seen - suggested) <= tolerance;
  if (count > 0 && agrees) {
    candidate[index] = suggested + (seen - suggested) * weights.ofCandidate;
    votes[index] = count + weights.vote;
    if (count + weights.vote >= settleFrames) replaceCurrent(background, index, seen, 0);
  } else if (count >= weights.vote && count > 0) {
    votes[index] = count - weights.vote;
  } else {
    // The rest of the vote is in favour of the new candidate.
    candidate[index] = seen;
    votes[index] = weights.vote - count;
  }
}

/**
 * Replaces the current appearance. It becomes the former one, unless that one lasted longer: a person who stands about is
 * no background.
 */
function replaceCurrent(background: Background, index: number, seen: number, newTenure: number) {
  const { current, tenure, former, formerTenure, returned, votes } = background;
  const heldFor = tenure[index] ?? 0;
  if (newTenure > 0 || heldFor >= (formerTenure[index] ?? 0)) {
    former[index] = current[index] ?? 0;
    formerTenure[index] = heldFor;
  }
  current[index] = seen;
  tenure[index] = newTenure;
  returned[index] = 0;
  votes[index] = 0;
}

/** Frame intervals over which a candidate is averaged. */
const CANDIDATE_MEMORY = 8;
/** Ten minutes at 5 frames per second: appearances that lasted at least this long count as equally old. */
const MOST_TENURE = 3000;
