import type { Box, Size } from "../base/box.ts";
import { clamp } from "../base/numbers.ts";

/** How large an object is where nothing hides a part of it, pixels. */
export interface Extent {
  readonly width: number;
  readonly height: number;
}

/** An edge this close to the frame's border is the border, not an edge of the object: the object may extend beyond it. */
const AT_BORDER_PX = 2;
/** A side that is shorter than this share of the object's shows a piece of it: something hides the rest. */
const PIECE_SHARE = 0.75;
/**
 * A side that gets longer was hidden before, or the detector drew one box around two objects: half a second decides. A
 * side that gets shorter is usually hidden: only after seconds it is the object's new shape.
 */
const GROWS_WITHIN_SECONDS = 0.5;
const SHRINKS_WITHIN_SECONDS = 2;
/** An object that goes away gets smaller in both directions, by at most this much a second (a car that drives off). */
const FASTEST_SCALING = 0.8;

/** The extent after the first detection. */
export function startExtent(box: Box): Extent {
  return { width: box[2] - box[0], height: box[3] - box[1] };
}

/**
 * The extent after another detection.
 * @param seconds since the detection before.
 */
export function updateExtent(extent: Extent, box: Box, seconds: number, frame: Size): Extent {
  const seen = startExtent(box);
  const isCutX = isAtBorder(box[0], box[2], frame.width);
  const isCutY = isAtBorder(box[1], box[3], frame.height);
  const scale = Math.max(seen.width / extent.width, seen.height / extent.height);
  const goesAway = !isCutX && !isCutY && scale < 1 && scale >= Math.exp(-FASTEST_SCALING * seconds);
  const factor = goesAway ? scale : 1;
  return {
    width: updateSide(extent.width * factor, seen.width, isCutX, seconds),
    height: updateSide(extent.height * factor, seen.height, isCutY, seconds),
  };
}

function updateSide(before: number, seen: number, isCut: boolean, seconds: number): number {
  if (seen < before && isCut) return before;
  const within = seen > before ? GROWS_WITHIN_SECONDS : SHRINKS_WITHIN_SECONDS;
  return before + (seen - before) * (1 - Math.exp(-seconds / within));
}

/**
 * The whole object of which a detection shows a piece: it extends beyond the border of the frame where the piece touches
 * it, and otherwise lies as close as possible to the expected place. A detection that shows the whole object is unchanged.
 * @param expected where the object should be.
 */
export function wholeBox(piece: Box, expected: Box, extent: Extent, frame: Size): Box {
  const [x1, x2] = wholeSide([piece[0], piece[2]], [expected[0], expected[2]], extent.width, frame.width);
  const [y1, y2] = wholeSide([piece[1], piece[3]], [expected[1], expected[3]], extent.height, frame.height);
  return [x1, y1, x2, y2];
}

type Side = readonly [from: number, to: number];

function wholeSide(seen: Side, expected: Side, length: number, end: number): Side {
  const [from, to] = seen;
  if (to - from >= length) return seen;
  const isCutAtStart = from <= AT_BORDER_PX;
  const isCutAtEnd = to >= end - AT_BORDER_PX;
  if (isCutAtStart && isCutAtEnd) return seen;
  if (isCutAtStart) return [to - length, to];
  if (isCutAtEnd) return [from, from + length];
  if (to - from >= PIECE_SHARE * length) return seen;
  const start = clamp((expected[0] + expected[1] - length) / 2, to - length, from);
  return [start, start + length];
}

function isAtBorder(from: number, to: number, end: number): boolean {
  return from <= AT_BORDER_PX || to >= end - AT_BORDER_PX;
}
