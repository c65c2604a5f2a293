import type { Box, Size } from "../base/box.ts";
import type { Polygon } from "../base/polygon.ts";
import type { Mark } from "./marks.ts";

/** The zones and masks of a camera. */
export interface Setup {
  readonly zones: readonly { readonly name: string; readonly coordinates: Polygon }[];
  /** Motion inside these does not count. */
  readonly motionMasks: readonly Polygon[];
  /** Detections inside these are not objects. */
  readonly objectMasks: readonly Polygon[];
}

/** What to draw into one frame. Boxes in pixels of the frame. */
export interface Scene {
  readonly size: Size;
  readonly setup: Setup;
  /** Names of the zones that contain an object. */
  readonly occupied: ReadonlySet<string>;
  readonly motion: readonly Box[];
  readonly regions: readonly Box[];
  readonly objects: readonly Mark[];
  /** One line with the time and the counts. */
  readonly status: string;
  /** Latest first. */
  readonly events: readonly EventLine[];
}

/** One line about an event. */
export interface EventLine {
  readonly text: string;
  /** CSS `#rrggbb` */
  readonly colour: string;
}
