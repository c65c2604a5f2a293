import type { SnapshotOfObject } from "./event.ts";

/** Nearer to the picture's border than this, pixels, a box may be cut off by it. */
const AT_EDGE_PX = 2;
/** A frame must be better by this. */
const STEP = 0.05;
/** A tenth more area is worth a STEP of score. */
const SCORE_PER_LOG_AREA = STEP / Math.log(1.1);

/**
 * The better of two frames of an object: the one that shows it whole, else the one with the higher score or the larger
 * box. 0.05 of score weigh as much as 10 % of area, Frigate's two steps; on one scale, so that frames cannot beat each
 * other in turn.
 */
export function betterFrame(
  best: SnapshotOfObject | null | undefined,
  frame: SnapshotOfObject,
  picture: { readonly width: number; readonly height: number },
): SnapshotOfObject {
  if (best === null || best === undefined) return frame;
  const bestIsCut = isCut(best, picture);
  if (isCut(frame, picture) !== bestIsCut) return bestIsCut ? frame : best;
  return quality(frame) > quality(best) + STEP ? frame : best;
}

function quality({ score, area }: SnapshotOfObject): number {
  return score + SCORE_PER_LOG_AREA * Math.log(Math.max(1, area));
}

function isCut(
  { box }: SnapshotOfObject,
  { width, height }: { readonly width: number; readonly height: number },
): boolean {
  return (
    box[0] < AT_EDGE_PX || box[1] < AT_EDGE_PX || box[2] > width - AT_EDGE_PX || box[3] > height - AT_EDGE_PX
  );
}
