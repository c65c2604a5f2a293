import { type Box, insideFrame, type Size } from "../base/box.ts";
import { isCovered } from "./coverage.ts";

/** The properties of a tracked object that attention uses. */
export interface TrackedObject {
  readonly id: number;
  readonly label: string;
  /** Where it should be in this frame, pixels; it may reach beyond the frame. */
  readonly predicted: Box;
  /** Where it was last detected, and with which score. */
  readonly box: Box;
  readonly score: number;
  /** Of its centre, pixels per second. */
  readonly speed: number;
  /** Detected often enough to count as an object. */
  readonly confirmed: boolean;
  readonly stationary: boolean;
  /** When it was last detected, milliseconds. */
  readonly seenMs: number;
  /** The last detection pass that covered it did not find it. */
  readonly missed: boolean;
}

/** A tracked object as the planning of regions sees it. */
export interface ExpectedObject {
  readonly id: number;
  /** Where it should be in this frame, pixels, cut off at the frame's edges. */
  readonly box: Box;
  /** false: it should have left the frame by now, where no region can show it. */
  readonly visible: boolean;
  /** Detected often enough to count as an object. */
  readonly confirmed: boolean;
  readonly stationary: boolean;
  /** When it was last detected, milliseconds. */
  readonly seenMs: number;
  /** The last detection pass that covered it did not find it. */
  readonly missed: boolean;
  /** Detected with a sure score, and slow enough to be found again after a skipped frame. */
  readonly steady: boolean;
}

export interface ExpectationRules {
  readonly frame: Size;
  /** Milliseconds from frame to frame. */
  readonly frameMs: number;
  /** The score from which a detection of this label is sure. */
  minScore(label: string): number;
}

/**
 * An object that moves less than this share of its shorter side from frame to frame is found again after a skipped
 * frame, and the box expected there is close enough. A person who walks past a street camera moves about half of it: on
 * street.mp4, skipping half of the frames of such people saves a fifth of the detection passes and costs four points of MOTA.
 */
const STEADY_SHARE = 0.25;

/** Where the tracked objects should be in this frame, and how reliable that is. */
export function expectedObjects(
  objects: readonly TrackedObject[],
  { frame, frameMs, minScore }: ExpectationRules,
): readonly (ExpectedObject & { readonly label: string })[] {
  return objects.map(({ id, label, predicted, box, score, speed, confirmed, stationary, seenMs, missed }) => {
    const side = Math.max(1, Math.min(box[2] - box[0], box[3] - box[1]));
    const step = (speed * frameMs) / 1000 / side;
    return {
      id,
      label,
      box: insideFrame(predicted, frame),
      visible: !isCovered(predicted, [], frame),
      confirmed,
      stationary,
      seenMs,
      missed,
      steady: !missed && score >= minScore(label) && step < STEADY_SHARE,
    };
  });
}
