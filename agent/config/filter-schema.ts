import { z } from "zod";
import { MaskSchema } from "./polygon-schema.ts";

const fraction = z.number().min(0).max(1);
const area = z.number().min(0);
const LARGEST = 24_000_000;

const shape = {
  min_area: area.default(0).describe("Minimum area of the box: pixels, or below 1 a fraction of the frame."),
  max_area: area
    .default(LARGEST)
    .describe("Maximum area of the box: pixels, or below 1 a fraction of the frame."),
  min_ratio: z.number().min(0).default(0).describe("Minimum width / height of the box."),
  max_ratio: z.number().min(0).default(LARGEST).describe("Maximum width / height of the box."),
};

/** The object filter of a label on a camera. */
export const FilterSchema = z
  .strictObject({
    min_score: fraction
      .optional()
      .describe("Minimum score of a detection; default: the module's for this label, else 0.5."),
    threshold: fraction
      .optional()
      .describe("Minimum median score of an object; default: the module's for this label, else 0.7."),
    ...shape,
    mask: MaskSchema.prefault([]).describe(
      "Mask for this label: objects are ignored if the bottom centre of their box is inside.",
    ),
  })
  .describe("Object filter for this label.");

/** The object filter of a label in a zone. By default it accepts every object that passes the camera's filter. */
export const ZoneFilterSchema = z
  .strictObject({
    min_score: fraction.default(0).describe("Minimum score of the latest detection in the zone."),
    threshold: fraction.default(0).describe("Minimum median score of an object in the zone."),
    ...shape,
  })
  .describe("Object filter for this label in this zone.");
