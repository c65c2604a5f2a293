import type { Box } from "../../detectors/detector.ts";
import { clamp } from "./numbers.ts";

export type { Box } from "../../detectors/detector.ts";

/** Pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The box that covers a whole frame. */
export function wholeFrame({ width, height }: Size): Box {
  return [0, 0, width, height];
}

/** Square pixels. */
export function boxArea([x1, y1, x2, y2]: Box): number {
  return Math.max(0, x2 - x1) * Math.max(0, y2 - y1);
}

/** Square pixels that two boxes share. */
export function sharedArea(a: Box, b: Box): number {
  return boxArea([Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3])]);
}

/** The shared area of two boxes divided by the area that both cover together (IoU), 0..1. */
export function intersectionOverUnion(a: Box, b: Box): number {
  const shared = sharedArea(a, b);
  return shared === 0 ? 0 : shared / (boxArea(a) + boxArea(b) - shared);
}

/** The part of a box inside the frame; for a box outside, a strip along the nearest edge. */
export function insideFrame([x1, y1, x2, y2]: Box, { width, height }: Size): Box {
  const left = clamp(x1, 0, width - 1);
  const top = clamp(y1, 0, height - 1);
  return [left, top, clamp(x2, left + 1, width), clamp(y2, top + 1, height)];
}

/** The share of `part` that lies inside `whole`, 0..1. */
export function shareInside(part: Box, whole: Box): number {
  const area = boxArea(part);
  return area === 0 ? 0 : sharedArea(part, whole) / area;
}

/** The smallest box around two boxes. */
export function boxAround(a: Box, b: Box): Box {
  return [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])];
}

/** A box whose sides are longer by this share; each edge moves by half of that. */
export function enlarged([x1, y1, x2, y2]: Box, share: number): Box {
  const dx = ((x2 - x1) * share) / 2;
  const dy = ((y2 - y1) * share) / 2;
  return [x1 - dx, y1 - dy, x2 + dx, y2 + dy];
}

/** Pixels between the centres of two boxes. */
export function centreDistance(a: Box, b: Box): number {
  return Math.hypot((a[0] + a[2] - b[0] - b[2]) / 2, (a[1] + a[3] - b[1] - b[3]) / 2);
}

/** Pixels from one corner to the opposite corner. */
export function diagonal([x1, y1, x2, y2]: Box): number {
  return Math.hypot(x2 - x1, y2 - y1);
}
