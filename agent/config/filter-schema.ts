import { z } from "zod";
import { MaskSchema } from "./polygon-schema.ts";

const fraction = z.number().min(0).max(1);
const area = z.number().min(0);
const LARGEST = 24_000_000;

const shape = {
  min_area: area.default(0).describe("Smallest box: pixels, or below 1 a fraction of the frame."),
  max_area: area.default(LARGEST).describe("Largest box: pixels, or below 1 a fraction of the frame."),
  min_ratio: z.number().min(0).default(0).describe("Smallest width / height of the box."),
  max_ratio: z.number().min(0).default(LARGEST).describe("Largest width / height of the box."),
};

/** Which boxes of a label count on a camera. */
export const FilterSchema = z
  .strictObject({
    min_score: fraction.default(0.5).describe("A detection below this is ignored."),
    threshold: fraction.default(0.7).describe("The median score above which an object is believed."),
    ...shape,
    mask: MaskSchema.prefault([]).describe("Where this label is ignored, by the bottom centre of its box."),
  })
  .describe("Which boxes of this label count.");

/** Which objects of a label a zone lets in; without further keys all that the camera believes. */
export const ZoneFilterSchema = z
  .strictObject({
    min_score: fraction.default(0).describe("A detection below this is not in the zone."),
    threshold: fraction.default(0).describe("The median score below which an object is not in the zone."),
    ...shape,
  })
  .describe("Which boxes of this label the zone lets in.");
