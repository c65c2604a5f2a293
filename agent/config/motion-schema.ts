import { z } from "zod";
import { MaskSchema } from "./polygon-schema.ts";

/** When something counts as moving. Frigate's keys, meanings and defaults. */
export const MotionSchema = z
  .strictObject({
    enabled: z.boolean().default(true).describe("false: every frame is looked at in full."),
    threshold: z.int().min(1).max(255).default(30).describe("Change of brightness, of 255, that counts."),
    contour_area: z.int().min(1).default(10).describe("Smallest moving area, pixels of the small picture."),
    improve_contrast: z.boolean().default(true).describe("Stretch the brightness first: sees more at dusk."),
    lightning_threshold: z
      .number()
      .min(0.3)
      .max(1)
      .default(0.8)
      .describe("Share of the picture that, changing at once, is light and not motion."),
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
    frame_height: z.int().min(32).max(1080).default(100).describe("Height of the small picture, pixels."),
    mqtt_off_delay: z.number().min(0).default(30).describe("Seconds of stillness before motion is OFF."),
    mask: MaskSchema.prefault([]).describe("Where motion does not count: polygon or list, x,y,x,y,… 0 to 1."),
  })
  .describe("Frames in which nothing moves are not looked at.");
