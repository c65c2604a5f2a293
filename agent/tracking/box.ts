import type { Box } from "../../detectors/detector.ts";
import type { Point } from "../base/polygon.ts";

/** Square pixels. */
export function boxArea([x1, y1, x2, y2]: Box): number {
  return Math.max(0, x2 - x1) * Math.max(0, y2 - y1);
}

/** Square pixels that two boxes share. */
export function sharedArea(a: Box, b: Box): number {
  return boxArea([Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3])]);
}

/** How much two boxes are the same: the area of what they share over the area of both together, 0..1. */
export function intersectionOverUnion(a: Box, b: Box): number {
  const shared = sharedArea(a, b);
  return shared === 0 ? 0 : shared / (boxArea(a) + boxArea(b) - shared);
}

/** Pixels between the middles of two boxes. */
export function centreDistance(a: Box, b: Box): number {
  return Math.hypot((a[0] + a[2] - b[0] - b[2]) / 2, (a[1] + a[3] - b[1] - b[3]) / 2);
}

/** Pixels from corner to opposite corner. */
export function diagonal([x1, y1, x2, y2]: Box): number {
  return Math.hypot(x2 - x1, y2 - y1);
}

/** Just inside the last row and column: a polygon that reaches to 1 holds them, but not the border itself. */
const LAST = 1 - 2 ** -20;

/** Where an object stands: the middle of its box's lower edge, in shares of the picture, inside of it. */
export function bottomCentre(
  [x1, , x2, y2]: Box,
  picture: { readonly width: number; readonly height: number },
): Point {
  const inside = (share: number) => Math.min(LAST, Math.max(0, share));
  return [inside((x1 + x2) / 2 / picture.width), inside(y2 / picture.height)];
}
