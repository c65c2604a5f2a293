import type { Box } from "../../detectors/detector.ts";
import type { Point } from "../base/polygon.ts";

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
