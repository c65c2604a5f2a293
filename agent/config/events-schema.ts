import { z } from "zod";

/** The event history of the live view. */
export const EventsSchema = z
  .strictObject({
    retain_days: z
      .number()
      .min(0.1)
      .max(3650)
      .default(14)
      .describe("Days after which an event is removed from the history."),
    max_mb: z
      .number()
      .min(10)
      .max(1_000_000)
      .default(200)
      .describe(
        "Maximum size of the history with its images, megabytes; above it, the oldest events are removed.",
      ),
  })
  .describe("The event history that the live view shows. It is stored only while the live view is enabled.");
