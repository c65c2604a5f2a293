import { type Box, boxArea, type Size, sharedArea, wholeFrame } from "../base/box.ts";

/** An object has left the frame if at most this share of it is inside: the detector cannot find it. */
const LEFT_THE_FRAME = 0.15;
/** The detector should find an object if a region shows at least this share of its visible part. */
const COVERED = 0.8;

/** The share of a box that lies inside the frame, 0..1. */
export function visibleShare(box: Box, frame: Size): number {
  return sharedArea(box, wholeFrame(frame)) / Math.max(1, boxArea(box));
}

/**
 * Whether the detector would have found an object at its expected place: one of the examined regions shows the visible
 * part of the object, or the object has left the frame, where no region can show it.
 */
export function isCovered(expected: Box, examined: readonly Box[], frame: Size): boolean {
  const visible = sharedArea(expected, wholeFrame(frame));
  if (visible <= LEFT_THE_FRAME * boxArea(expected)) return true;
  return examined.some((region) => sharedArea(expected, region) >= COVERED * visible);
}
