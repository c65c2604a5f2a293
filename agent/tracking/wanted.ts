import type { Detection } from "../../detectors/detector.ts";
import { type ObjectsConfig, objectFilter } from "../config/schema.ts";
import { boxArea } from "./box.ts";

/** Whether a detection is of a label to track and within that label's limits of area and shape. Scores come later. */
export function isWanted(
  { label, box }: Detection,
  objects: ObjectsConfig,
  picture: { readonly width: number; readonly height: number },
): boolean {
  if (!objects.track.includes(label)) return false;
  const { min_area, max_area, min_ratio, max_ratio } = objectFilter(objects, label);
  // As in Frigate, a limit below 1 is a share of the picture.
  const inPixels = (limit: number) => (limit < 1 ? limit * picture.width * picture.height : limit);
  const area = boxArea(box);
  const ratio = (box[2] - box[0]) / Math.max(1, box[3] - box[1]);
  return area >= inPixels(min_area) && area <= inPixels(max_area) && ratio >= min_ratio && ratio <= max_ratio;
}
