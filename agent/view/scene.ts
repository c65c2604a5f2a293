import type { Box } from "../../detectors/detector.ts";
import type { Size } from "../base/box.ts";
import type { Polygon } from "../base/polygon.ts";
import type { Mark } from "./marks.ts";

/** What a camera's owner drew into its picture: the same in every frame. */
export interface Setup {
  readonly zones: readonly { readonly name: string; readonly coordinates: Polygon }[];
  /** Where motion does not count. */
  readonly motionMasks: readonly Polygon[];
  /** Where nothing is an object. */
  readonly objectMasks: readonly Polygon[];
}

/** What is to be shown of one frame. Boxes in pixels of the frame. */
export interface Scene {
  readonly size: Size;
  readonly setup: Setup;
  /** Names of the zones somebody is in. */
  readonly occupied: ReadonlySet<string>;
  readonly motion: readonly Box[];
  /** What the detector looked at. */
  readonly regions: readonly Box[];
  readonly objects: readonly Mark[];
  /** One line: when, how much. */
  readonly status: string;
  /** What happened, latest first. */
  readonly news: readonly EventLine[];
}

/** One line about an event. */
export interface EventLine {
  readonly text: string;
  /** CSS `#rrggbb` */
  readonly colour: string;
}
