import type { Box, Detection } from "../../detectors/detector.ts";
import { boxArea } from "../base/box.ts";
import { type Polygon, polygonContains } from "../base/polygon.ts";
import { type ObjectFilter, type ObjectsConfig, objectFilter } from "../config/schema.ts";
import { bottomCentre } from "./box.ts";

/** Pixels. */
interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * Whether a detection is of a label to track, within that label's limits of area and shape, and not under a mask: those
 * hide what stands on them, judged by the bottom centre of the box. Scores come later.
 */
export function isWanted({ label, box }: Detection, objects: ObjectsConfig, picture: Size): boolean {
  if (!objects.track.includes(label)) return false;
  const filter = objectFilter(objects, label);
  return hasShape(box, filter, picture) && !standsOn([...objects.mask, ...filter.mask], box, picture);
}

/** Whether a box is within limits of area and shape. As in Frigate, an area below 1 is a share of the picture. */
export function hasShape(
  box: Box,
  {
    min_area,
    max_area,
    min_ratio,
    max_ratio,
  }: Pick<ObjectFilter, "min_area" | "max_area" | "min_ratio" | "max_ratio">,
  picture: Size,
): boolean {
  const inPixels = (limit: number) => (limit < 1 ? limit * picture.width * picture.height : limit);
  const area = boxArea(box);
  const ratio = (box[2] - box[0]) / Math.max(1, box[3] - box[1]);
  return area >= inPixels(min_area) && area <= inPixels(max_area) && ratio >= min_ratio && ratio <= max_ratio;
}

/** Whether the bottom centre of a box lies in one of some polygons. */
export function standsOn(polygons: readonly Polygon[], box: Box, picture: Size): boolean {
  const foot = bottomCentre(box, picture);
  return polygons.some((polygon) => polygonContains(polygon, foot));
}
