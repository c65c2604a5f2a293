import type { Size } from "../base/box.ts";
import type { SnapshotOfObject } from "./event.ts";

/** The frame may cut off a box that is closer to its border than this, pixels. */
const AT_EDGE_PX = 2;
/** The improvement that makes a frame better. */
const STEP = 0.05;
/** A tenth more area counts as much as one STEP of score. */
const SCORE_PER_LOG_AREA = STEP / Math.log(1.1);

/**
 * The better of two frames of an object: the one that shows the whole object; otherwise the one with the higher score or
 * the larger box. 0.05 of score count as much as 10 % of area: Frigate's two steps, but on one scale, so that two frames
 * cannot replace each other in turn.
 */
export function betterFrame(
  best: SnapshotOfObject | null | undefined,
  candidate: SnapshotOfObject,
  frame: Size,
): SnapshotOfObject {
  if (best === null || best === undefined) return candidate;
  const bestIsCut = isCut(best, frame);
  if (isCut(candidate, frame) !== bestIsCut) return bestIsCut ? candidate : best;
  return quality(candidate) > quality(best) + STEP ? candidate : best;
}

function quality({ score, area }: SnapshotOfObject): number {
  return score + SCORE_PER_LOG_AREA * Math.log(Math.max(1, area));
}

function isCut({ box }: SnapshotOfObject, { width, height }: Size): boolean {
  return (
    box[0] < AT_EDGE_PX || box[1] < AT_EDGE_PX || box[2] > width - AT_EDGE_PX || box[3] > height - AT_EDGE_PX
  );
}
