import type { Detection } from "../../detectors/detector.ts";
import { type Box, boxArea, type Size } from "../base/box.ts";
import { clamp } from "../base/numbers.ts";
import { type Point, type Polygon, polygonContains } from "../base/polygon.ts";
import { type ObjectFilter, type ObjectsConfig, objectFilter } from "../config/schema.ts";

/**
 * Whether a detection has a tracked label, keeps that label's limits of area and shape, and stands on no mask. The
 * position is the bottom centre of the box. Scores are checked later.
 */
export function passesFilter({ label, box }: Detection, objects: ObjectsConfig, frame: Size): boolean {
  if (!objects.track.includes(label)) return false;
  const filter = objectFilter(objects, label);
  return hasShape(box, filter, frame) && !standsOn([...objects.mask, ...filter.mask], box, frame);
}

/** Whether a box keeps the limits of area and shape. As in Frigate, an area below 1 is a share of the frame. */
export function hasShape(
  box: Box,
  {
    min_area,
    max_area,
    min_ratio,
    max_ratio,
  }: Pick<ObjectFilter, "min_area" | "max_area" | "min_ratio" | "max_ratio">,
  frame: Size,
): boolean {
  const inPixels = (limit: number) => (limit < 1 ? limit * frame.width * frame.height : limit);
  const area = boxArea(box);
  const ratio = (box[2] - box[0]) / Math.max(1, box[3] - box[1]);
  return area >= inPixels(min_area) && area <= inPixels(max_area) && ratio >= min_ratio && ratio <= max_ratio;
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
