import type { Detection } from "../../detectors/detector.ts";
import { type Box, boxArea, type Size } from "../base/box.ts";
import { clamp } from "../base/numbers.ts";
import { type Point, type Polygon, polygonContains } from "../base/polygon.ts";
import { type ObjectFilter, type ObjectsConfig, objectFilter } from "../config/schema.ts";

type ShapeLimits = Pick<ObjectFilter, "min_area" | "max_area" | "min_ratio" | "max_ratio">;

/** Why a detection does not count. */
export type Refusal =
  | { readonly because: "label" }
  /** The key of the mask on which it stands, below `objects`. */
  | { readonly because: "mask"; readonly key: string }
  /** The limit that its box does not keep. An area is in pixels, also the limit. */
  | {
      readonly because: "shape";
      readonly key: keyof ShapeLimits;
      readonly value: number;
      readonly limit: number;
    };

/**
 * Whether a detection has a tracked label, keeps that label's limits of area and shape, and stands on no mask. The
 * position is the bottom centre of the box. Scores are checked later.
 */
export function passesFilter(detection: Detection, objects: ObjectsConfig, frame: Size): boolean {
  return refusalOf(detection, objects, frame) === undefined;
}

/** Why a detection does not pass the filter; undefined if it does. */
export function refusalOf(
  { label, box }: Detection,
  objects: ObjectsConfig,
  frame: Size,
): Refusal | undefined {
  if (!objects.track.includes(label)) return { because: "label" };
  const filter = objectFilter(objects, label);
  const shape = shapeRefusal(box, filter, frame);
  if (shape !== undefined) return shape;
  if (standsOn(objects.mask, box, frame)) return { because: "mask", key: "mask" };
  return standsOn(filter.mask, box, frame) ? { because: "mask", key: `filters.${label}.mask` } : undefined;
}

/** Whether a box keeps the limits of area and shape. As in Frigate, an area below 1 is a share of the frame. */
export function hasShape(box: Box, limits: ShapeLimits, frame: Size): boolean {
  return shapeRefusal(box, limits, frame) === undefined;
}

function shapeRefusal(
  box: Box,
  { min_area, max_area, min_ratio, max_ratio }: ShapeLimits,
  frame: Size,
): Refusal | undefined {
  const inPixels = (limit: number) => (limit < 1 ? limit * frame.width * frame.height : limit);
  const area = boxArea(box);
  const ratio = (box[2] - box[0]) / Math.max(1, box[3] - box[1]);
  const refuse = (key: keyof ShapeLimits, value: number, limit: number): Refusal => {
    return { because: "shape", key, value, limit };
  };
  if (area < inPixels(min_area)) return refuse("min_area", area, inPixels(min_area));
  if (area > inPixels(max_area)) return refuse("max_area", area, inPixels(max_area));
  if (ratio < min_ratio) return refuse("min_ratio", ratio, min_ratio);
  return ratio > max_ratio ? refuse("max_ratio", ratio, max_ratio) : undefined;
}

/** Whether the bottom centre of a box lies in one of the polygons. */
export function standsOn(polygons: readonly Polygon[], box: Box, frame: Size): boolean {
  const foot = bottomCentre(box, frame);
  return polygons.some((polygon) => polygonContains(polygon, foot));
}

/** Just inside the last row and column: a polygon that reaches to 1 contains them, but not the border itself. */
const LAST = 1 - 2 ** -20;

/** Where an object stands: the centre of its box's lower edge as shares of the frame, limited to the frame. */
function bottomCentre([x1, , x2, y2]: Box, frame: Size): Point {
  return [clamp((x1 + x2) / 2 / frame.width, 0, LAST), clamp(y2 / frame.height, 0, LAST)];
}
