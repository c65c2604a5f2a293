import type { Box, Detection } from "../../detectors/detector.ts";

/** A detection in pixels of the frame, and the part of the frame it was found in. */
export interface Finding extends Detection {
  readonly region: Box;
}
