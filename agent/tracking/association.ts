import { type Box, centreDistance, diagonal, intersectionOverUnion } from "../base/box.ts";
import type { FrameDetection } from "../detection/detect-regions.ts";
import { assign } from "./assignment.ts";
import { isAtRest, predictedBox, type Track } from "./track.ts";

/** The pairs that an association formed, and the rest. */
export interface Association {
  readonly pairs: readonly { readonly track: Track; readonly detection: FrameDetection }[];
  readonly tracksLeft: readonly Track[];
  readonly detectionsLeft: readonly FrameDetection[];
}

/** How badly a detection fits a predicted track, 0 or more; Infinity if they cannot be the same object. */
export type Cost = (track: Track, detection: FrameDetection) => number;

/** Pairs predicted tracks with detections at the lowest total cost. */
export function associate(
  tracks: readonly Track[],
  detections: readonly FrameDetection[],
  costOf: Cost,
): Association {
  const costs = tracks.map((track) => detections.map((detection) => costOf(track, detection)));
  const pairs = assign(costs).flatMap(({ row, column }) => {
    const track = tracks[row];
    const detection = detections[column];
    return track === undefined || detection === undefined ? [] : [{ track, detection }];
  });
  const pairedTracks = new Set(pairs.map(({ track }) => track));
  const pairedDetections = new Set(pairs.map(({ detection }) => detection));
  return {
    pairs,
    tracksLeft: tracks.filter((track) => !pairedTracks.has(track)),
    detectionsLeft: detections.filter((detection) => !pairedDetections.has(detection)),
  };
}

// The overlap or distance that makes a detection a candidate. At 5 frames a second a running person or a car may leave
// its own box between two frames before its velocity is known; hence the distance: half a diagonal of the box.
const MIN_IOU = 0.1;
const REACH_DIAGONALS = 0.5;
/** The place of a resting object is known: an object that passes by must not take over its track. */
const MIN_IOU_AT_REST = 0.3;

/**
 * An object that was detected once has no velocity yet. Where frames come more rarely than this, a walker has left the box
 * by the next one, and is searched for farther away, like a lost one.
 */
const VELOCITY_NEEDED_MS = 500;

/** The cost grows with less overlap and more distance, as in Distance-IoU (Zheng et al. 2020). */
export function costWherePredicted(track: Track, detection: FrameDetection): number {
  if (track.label !== detection.label) return Infinity;
  const isLongAgo = track.updatedMs - track.lastSeenMs > VELOCITY_NEEDED_MS;
  if (track.hits === 1 && isLongAgo) return costWhereLost(track, detection);
  const expected = predictedBox(track);
  const overlap = intersectionOverUnion(expected, detection.box);
  const distance = centreDistance(expected, detection.box) / diagonal(expected);
  const isCandidate = isAtRest(track)
    ? overlap >= MIN_IOU_AT_REST
    : overlap >= MIN_IOU || distance <= REACH_DIAGONALS;
  return isCandidate ? 1 - overlap + distance : Infinity;
}

/** A detection of low score must overlap the predicted box this much (ByteTrack's second association). */
const MIN_IOU_LOW_SCORE = 0.5;

/** For detections of low score. */
export function costOfLowScore(track: Track, detection: FrameDetection): number {
  if (track.label !== detection.label) return Infinity;
  return costAbove(MIN_IOU_LOW_SCORE, predictedBox(track), detection.box);
}

/** A detection with a confusable label must overlap the predicted box this much. */
const MIN_IOU_OTHER_LABEL = 0.7;

/** COCO labels between which the detector alternates for one object as the light and the angle change. */
const CONFUSABLE_LABELS: readonly (readonly string[])[] = [
  ["car", "truck", "bus", "train"],
  ["cat", "dog", "sheep", "cow", "horse", "bear"],
];

/** For detections of another label: a van is a car in one frame and a truck in the next. */
export function costOfOtherLabel(track: Track, detection: FrameDetection): number {
  if (!areConfusable(track.label, detection.label)) return Infinity;
  return costAbove(MIN_IOU_OTHER_LABEL, predictedBox(track), detection.box);
}

/** Whether two different labels may mean the same object. */
function areConfusable(label: string, other: string): boolean {
  return label !== other && CONFUSABLE_LABELS.some((group) => group.includes(label) && group.includes(other));
}

// An object that reappears from behind something may have turned or stopped there. It is searched for near the place where
// it was last detected, and farther away the longer ago that was. A walker covers about 0.8 of his height in a second.
const REACH_PER_SECOND_DIAGONALS = 0.5;
const LONGEST_REACH_DIAGONALS = 2;
const LARGEST_SIZE_RATIO = 1.6;

/** For lost tracks: the distance is measured from the last detected box, not from the predicted one. */
export function costWhereLost(track: Track, detection: FrameDetection): number {
  if (track.label !== detection.label) return Infinity;
  // An object at rest has only just started to move, however long ago it was last detected.
  const lostSeconds = track.stationary ? 0 : (track.updatedMs - track.lastSeenMs) / 1000;
  const reach = Math.min(LONGEST_REACH_DIAGONALS, REACH_DIAGONALS + REACH_PER_SECOND_DIAGONALS * lostSeconds);
  const distance = centreDistance(track.box, detection.box) / diagonal(track.box);
  const before = track.box[3] - track.box[1];
  const now = detection.box[3] - detection.box[1];
  const sizeRatio = Math.max(before, now) / Math.max(1, Math.min(before, now));
  return distance <= reach && sizeRatio <= LARGEST_SIZE_RATIO ? distance + sizeRatio : Infinity;
}

function costAbove(minimum: number, expected: Box, detected: Box): number {
  const overlap = intersectionOverUnion(expected, detected);
  return overlap >= minimum ? 1 - overlap : Infinity;
}
