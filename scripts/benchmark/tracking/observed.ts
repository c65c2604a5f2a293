import type { ObservedEvent } from "./event-figures.ts";
import type { ReportedBox } from "./mot-metrics.ts";

/** What a tracker reported about a clip. */
export interface Observed {
  readonly frames: readonly ObservedFrame[];
  readonly events: readonly ObservedEvent[];
}

export interface ObservedFrame {
  readonly seconds: number;
  readonly reported: readonly ReportedBox[];
  /** Objects in view, those that are hidden included. */
  readonly count: number;
}
