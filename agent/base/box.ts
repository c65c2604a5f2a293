import type { Box } from "../../detectors/detector.ts";

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

/** How much of `part` lies in `whole`, 0..1. */
export function shareInside(part: Box, whole: Box): number {
  const area = boxArea(part);
  return area === 0 ? 0 : sharedArea(part, whole) / area;
}

/** The smallest box around two. */
export function boxAround(a: Box, b: Box): Box {
  return [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])];
}

/** A box larger by a share of its sides, half of it at each edge. */
export function enlarged([x1, y1, x2, y2]: Box, share: number): Box {
  const dx = ((x2 - x1) * share) / 2;
  const dy = ((y2 - y1) * share) / 2;
  return [x1 - dx, y1 - dy, x2 + dx, y2 + dy];
}
