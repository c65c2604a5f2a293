import type { GeneratedName } from "../pipeline/clips.ts";

/** The meaning of a row's `ratio`. */
export type Measure =
  /** CPU time of the agent and its children, divided by that of ffmpeg, which decodes the same stream. */
  | "relative to ffmpeg"
  /** CPU time of the agent and its children per camera, as a share of one core. */
  | "share of a core";

/** A scene in which nothing moves, and the most that it may cost to watch it. */
export interface StillScene {
  readonly scene: string;
  readonly clip: GeneratedName;
  readonly cameras: number;
  readonly measure: Measure;
  readonly atMost: number;
  /** The label of an object in the scene that must be tracked as stationary, or the row is not ok. */
  readonly parked?: string;
}

/** All rows of bench:still. */
export const SCENES: readonly StillScene[] = [
  { scene: "still", clip: "still", cameras: 1, measure: "relative to ffmpeg", atMost: 0.35 },
  { scene: "still-512k", clip: "still-512k", cameras: 1, measure: "relative to ffmpeg", atMost: 0.9 },
  { scene: "still-1080p", clip: "still-1080p", cameras: 1, measure: "relative to ffmpeg", atMost: 0.25 },
  {
    scene: "parked-car",
    clip: "parked-car",
    cameras: 1,
    measure: "relative to ffmpeg",
    atMost: 0.4,
    parked: "car",
  },
  { scene: "eight-cameras", clip: "still", cameras: 8, measure: "share of a core", atMost: 0.02 },
];
