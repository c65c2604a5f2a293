import { z } from "zod";
import { MaskSchema } from "./polygon-schema.ts";

/** Settings of the motion gate. Keys, meanings and defaults are Frigate's. */
export const MotionSchema = z
  .strictObject({
    enabled: z.boolean().default(true).describe("false: run the detector on every whole frame."),
    threshold: z
      .int()
      .min(1)
      .max(255)
      .default(30)
      .describe("Minimum change of a pixel's brightness (0 to 255)."),
    contour_area: z
      .int()
      .min(1)
      .default(10)
      .describe("Minimum area of motion, in pixels of the scaled-down frame."),
    improve_contrast: z
      .boolean()
      .default(true)
      .describe("Stretch the contrast first: detects more motion at dusk."),
    lightning_threshold: z
      .number()
      .min(0.3)
      .max(1)
      .default(0.8)
      .describe("Fraction of the frame above which a sudden change counts as lightning, not motion."),
    delta_alpha: z
      .number()
      .min(0.01)
      .max(1)
      .default(0.2)
      .describe("Weight of the newest frame in the background while calibrating."),
    frame_alpha: z
      .number()
      .min(0.001)
      .max(1)
      .default(0.01)
      .describe("Weight of the newest frame in the background."),
    frame_height: z.int().min(32).max(1080).default(100).describe("Height of the scaled-down frame, pixels."),
    mqtt_off_delay: z.number().min(0).default(30).describe("Seconds without motion before OFF is published."),
    mask: MaskSchema.prefault([]).describe(
      "Where motion is ignored: a polygon x,y,x,y,… (0 to 1) or a list of polygons.",
    ),
  })
  .describe("Motion gate: the detector does not run on frames without motion.");
