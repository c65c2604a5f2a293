import type { Box } from "../../detectors/detector.ts";
import { boxArea, sharedArea } from "../base/box.ts";

/** A part smaller than this of an expected box inside the picture cannot be found: the object has left. */
const LEFT_THE_PICTURE = 0.15;
/** What a region shows of an object to this part, the detector can be expected to find. */
const LOOKED_AT = 0.8;

/** How much of a box lies inside the picture, 0..1. */
export function visibleShare(box: Box, picture: { readonly width: number; readonly height: number }): number {
  return sharedArea(box, [0, 0, picture.width, picture.height]) / Math.max(1, boxArea(box));
}

/**
 * Whether an object expected here would have been found if it were there: one of the regions shows what the picture
 * shows of it, or it has left the picture, where nobody can look.
 */
export function wasLookedFor(
  expected: Box,
  looked: readonly Box[],
  picture: { readonly width: number; readonly height: number },
): boolean {
  const visible = sharedArea(expected, [0, 0, picture.width, picture.height]);
  if (visible <= LEFT_THE_PICTURE * boxArea(expected)) return true;
  return looked.some((region) => sharedArea(expected, region) >= LOOKED_AT * visible);
}
