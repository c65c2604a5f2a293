import type { Box } from "../../detectors/detector.ts";
import { intersectionOverUnion } from "../base/box.ts";
import { isCutOff, isPieceOf } from "../base/cut-off.ts";
import type { Finding } from "../tracking/finding.ts";

/** Overlap (IoU) above which two boxes of one label, found in different regions, are one object: as within a region. */
const SAME_OBJECT_IOU = 0.45;

/**
 * One finding for each object that several regions show: boxes that a region's inner border cut off give way to whole
 * ones, then the better score wins, label by label (non-maximum suppression over the regions).
 * @param expected where objects known already should be, in pixels of the picture: of one that its region cannot show
 * whole, a piece tells nothing.
 */
export function acrossRegions(
  findings: readonly Finding[],
  frame: { readonly width: number; readonly height: number },
  expected: readonly { readonly label: string; readonly box: Box }[],
): readonly Finding[] {
  const isPiece = (finding: Finding) => isCutOff(finding, frame);
  const ofKnown = (piece: Finding) =>
    expected.some(
      ({ label, box }) =>
        label === piece.label && isPieceOf(piece.box, box) && !isInside(box, piece.region, frame),
    );
  const candidates = [
    ...findings.filter((finding) => !isPiece(finding)).toSorted(byScore),
    ...findings.filter((finding) => isPiece(finding) && !ofKnown(finding)).toSorted(byScore),
  ];
  const kept: Finding[] = [];
  for (const candidate of candidates) {
    const isAgain = kept.some(
      (one) =>
        one.label === candidate.label &&
        one.region !== candidate.region &&
        (intersectionOverUnion(one.box, candidate.box) > SAME_OBJECT_IOU ||
          (isPiece(candidate) && isPieceOf(candidate.box, one.box))),
    );
    if (!isAgain) kept.push(candidate);
  }
  return kept.toSorted(byScore);
}

function byScore(a: Finding, b: Finding): number {
  return b.score - a.score;
}

/** Whether a region shows all of a box that is in the picture. */
function isInside(
  box: Box,
  region: Box,
  frame: { readonly width: number; readonly height: number },
): boolean {
  return (
    Math.max(0, box[0]) >= region[0] &&
    Math.max(0, box[1]) >= region[1] &&
    Math.min(frame.width, box[2]) <= region[2] &&
    Math.min(frame.height, box[3]) <= region[3]
  );
}
