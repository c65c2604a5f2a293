import type { Light } from "./light.ts";
import { applyToneCurve, type ToneCurve } from "./tone.ts";

/**
 * What the picture looks like where nothing moves, grey levels per pixel; changed in place.
 *
 * Of each place it knows how it looks, how it looked before, and how it may look from now on. What stays becomes background,
 * and when it leaves, the look from before is known again at once: a car that parks ceases to be motion, and leaves no ghost.
 */
export interface Background {
  readonly look: Float32Array;
  /** Frames in which it looked so, at most `MOST_TENURE`. */
  readonly tenure: Uint16Array;
  /** How it looked before, for longer than other things. */
  readonly former: Float32Array;
  /** Frames in which `former` was the look; 0: nothing is known of it. */
  readonly formerTenure: Uint16Array;
  /** Frames in favour of `former`. */
  readonly returned: Uint8Array;
  /** What has been there instead of `look` lately. */
  readonly candidate: Float32Array;
  /** Frames in favour of `candidate`, less those against it. */
  readonly votes: Uint16Array;
}

export interface Learning {
  /** Weight of the newest picture where nothing moved, 0..1. */
  readonly rate: number;
  /** Grey levels within which a place looks the same. */
  readonly tolerance: number;
  /** Frames after which what stays becomes background. */
  readonly settleFrames: number;
  /** Frames after which a former look is believed again. */
  readonly returnFrames: number;
}

/** Knows nothing; the first `adoptLook` fills it. */
export function startBackground(pixels: number): Background {
  return {
    look: new Float32Array(pixels),
    tenure: new Uint16Array(pixels),
    former: new Float32Array(pixels),
    formerTenure: new Uint16Array(pixels),
    returned: new Uint8Array(pixels),
    candidate: new Float32Array(pixels),
    votes: new Uint16Array(pixels),
  };
}

/** Puts everything known into another light. */
export function relight({ look, former, candidate }: Background, { gain, offset }: Light) {
  for (let index = 0; index < look.length; index++) {
    look[index] = gain * (look[index] ?? 0) + offset;
    former[index] = gain * (former[index] ?? 0) + offset;
    candidate[index] = gain * (candidate[index] ?? 0) + offset;
  }
}

/** Bends the brightness of everything known. */
export function retone({ look, former, candidate }: Background, curve: ToneCurve) {
  for (const brightness of [look, former, candidate]) applyToneCurve(brightness, curve);
}

/**
 * Takes the picture as it is for the background, except where something was moving: after a change of light, whatever its curve.
 * @param moved 1 where something was moving.
 */
export function adoptLook(
  { look, former, returned, votes }: Background,
  grey: Float32Array,
  moved: Uint8Array,
) {
  for (let index = 0; index < look.length; index++) {
    if (moved[index] === 1) continue;
    former[index] = look[index] ?? 0;
    look[index] = grey[index] ?? 0;
    returned[index] = 0;
    votes[index] = 0;
  }
}

/**
 * Learns from one picture: a running average where nothing moved. Where something did, a former look that is back replaces the
 * look after `returnFrames`, and a new one that stays after `settleFrames`: it is voted for and against by each picture
 * (Boyer and Moore 1981, "MJRTY"), so that somebody who passes in front of it costs little.
 * @param moved 1 where the picture differs from the background.
 */
export function learn(background: Background, grey: Float32Array, moved: Uint8Array, learning: Learning) {
  // Taken out of their object once: this is the gate's busiest loop.
  const { look, tenure, returned, votes } = background;
  const { rate, tolerance } = learning;
  for (let index = 0; index < look.length; index++) {
    const seen = grey[index] ?? 0;
    const known = look[index] ?? 0;
    const isLook = Math.abs(seen - known) <= tolerance;
    if (moved[index] === 0) {
      look[index] = known + rate * (seen - known);
      if (isLook) rememberLook(tenure, returned, votes, index);
    }
    // Pixel by pixel: a speck that its neighbours outvote must find back to its look as well.
    if (!isLook) learnOther(background, index, seen, learning);
  }
}

/** Counts a picture in favour of the look. */
function rememberLook(tenure: Uint16Array, returned: Uint8Array, votes: Uint16Array, index: number) {
  const heldFor = tenure[index] ?? 0;
  if (heldFor < MOST_TENURE) tenure[index] = heldFor + 1;
  if (returned[index] !== 0) returned[index] = 0;
  const against = votes[index] ?? 0;
  if (against > 0) votes[index] = against - 1;
}

/** Counts a picture in favour of another look. */
function learnOther(
  background: Background,
  index: number,
  seen: number,
  { tolerance, settleFrames, returnFrames }: Learning,
) {
  const { tenure, former, formerTenure, returned, candidate, votes } = background;
  const heldFor = formerTenure[index] ?? 0;
  // A visitor's coat is no look of the place that anybody should be mistaken for.
  const wasBackground = heldFor > 0 && heldFor >= Math.min(tenure[index] ?? 0, settleFrames);
  if (wasBackground && Math.abs(seen - (former[index] ?? 0)) <= tolerance) {
    const frames = (returned[index] ?? 0) + 1;
    returned[index] = frames;
    if (frames >= returnFrames) changeLook(background, index, seen, heldFor);
    return;
  }
  returned[index] = 0;
  const suggested = candidate[index] ?? 0;
  const count = votes[index] ?? 0;
  if (count === 0) {
    candidate[index] = seen;
    votes[index] = 1;
  } else if (Math.abs(seen - suggested) > tolerance) {
    votes[index] = count - 1;
  } else {
    candidate[index] = suggested + (seen - suggested) / CANDIDATE_MEMORY;
    votes[index] = count + 1;
    if (count + 1 >= settleFrames) changeLook(background, index, seen, 0);
  }
}

/** The look becomes the former one, unless that was there for longer: somebody who stands about is not what a place looks like. */
function changeLook(background: Background, index: number, seen: number, newTenure: number) {
  const { look, tenure, former, formerTenure, returned, votes } = background;
  const heldFor = tenure[index] ?? 0;
  if (newTenure > 0 || heldFor >= (formerTenure[index] ?? 0)) {
    former[index] = look[index] ?? 0;
    formerTenure[index] = heldFor;
  }
  look[index] = seen;
  tenure[index] = newTenure;
  returned[index] = 0;
  votes[index] = 0;
}

/** Frames over which a candidate is averaged. */
const CANDIDATE_MEMORY = 8;
/** Ten minutes at 5 frames per second: what was there for as long as that is as good as what was there before it. */
const MOST_TENURE = 3000;
