import { type Box, intersectionOverUnion, type Size } from "../base/box.ts";
import { isCutOff, isPieceOf } from "../base/cut-off.ts";
import type { FrameDetection } from "./detect-regions.ts";

/** IoU above which two boxes of one label from different regions are one object: the same limit as within a region. */
const SAME_OBJECT_IOU = 0.45;

/**
 * Keeps one detection of each object that several regions show (non-maximum suppression across regions, per label). A
 * box that its region's border cuts off yields to a whole box; otherwise the higher score wins.
 * @param expected where known objects should be, in pixels of the frame: a piece of a known object is dropped if its
 * region cannot show the whole object.
 */
export function mergeDetections(
  detections: readonly FrameDetection[],
  frame: Size,
  expected: readonly { readonly label: string; readonly box: Box }[],
): readonly FrameDetection[] {
  const isPiece = (detection: FrameDetection) => isCutOff(detection, frame);
  const isPieceOfKnown = (piece: FrameDetection) =>
    expected.some(
      ({ label, box }) =>
        label === piece.label && isPieceOf(piece.box, box) && !showsWhole(piece.region, box, frame),
    );
  const candidates = [
    ...detections.filter((detection) => !isPiece(detection)).toSorted(byScore),
    ...detections.filter((detection) => isPiece(detection) && !isPieceOfKnown(detection)).toSorted(byScore),
  ];
  const kept: FrameDetection[] = [];
  for (const candidate of candidates) {
    const isDuplicate = kept.some(
      (one) =>
        one.label === candidate.label &&
        one.region !== candidate.region &&
        (intersectionOverUnion(one.box, candidate.box) > SAME_OBJECT_IOU ||
          (isPiece(candidate) && isPieceOf(candidate.box, one.box))),
    );
    if (!isDuplicate) kept.push(candidate);
  }
  return kept.toSorted(byScore);
}

function byScore(a: FrameDetection, b: FrameDetection): number {
  return b.score - a.score;
}

/** Whether a region shows the whole part of a box that is inside the frame. */
function showsWhole(region: Box, box: Box, frame: Size): boolean {
  return (
    Math.max(0, box[0]) >= region[0] &&
    Math.max(0, box[1]) >= region[1] &&
    Math.min(frame.width, box[2]) <= region[2] &&
    Math.min(frame.height, box[3]) <= region[3]
  );
}
