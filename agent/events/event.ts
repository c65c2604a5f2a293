import type { Box, Runtime } from "../../detectors/detector.ts";

/** The payload of `<prefix>/events`: an object as last published, and as it is now. */
export interface EventMessage {
  readonly type: "new" | "update" | "end";
  readonly before: ObjectEvent;
  readonly after: ObjectEvent;
  /** Only in `end` messages. */
  readonly reason?: EndReason;
  /** Only with the reason `switched_off`. */
  readonly switch?: EndingSwitch;
}

/** Why an event ended. */
export const END_REASONS = [
  /** The object left, or was lost. */
  "gone",
  /** The camera delivered no frames for too long. */
  "silence",
  /** The size of the frames changed. */
  "size_changed",
  /** The machine's clock was set back. */
  "clock_set_back",
  /** Detection, or the camera, was switched off: see `switch` in the message. */
  "switched_off",
  /** The detector kept failing. */
  "detector_failed",
  /** The agent stopped. */
  "shutdown",
  /** The agent crashed; it publishes the `end` after its restart. */
  "crash",
] as const;

export type EndReason = (typeof END_REASONS)[number];

/** The switch of a camera that ended an event: of the whole camera, or of its detection. */
export type EndingSwitch = "enabled" | "detect";

/** Why events end, as in their `end` messages. */
export type Ending =
  | { readonly reason: Exclude<EndReason, "switched_off"> }
  | { readonly reason: "switched_off"; readonly switch: EndingSwitch };

/** Fields of Frigate's events that are the same in every event here. Automations read them, so they must be there. */
export const CONSTANT_FIELDS = {
  /** Nothing recognises faces, parcel services or number plates. */
  sub_label: null,
  recognized_license_plate: null,
  attributes: {},
  current_attributes: [],
  /** No video is recorded. */
  has_clip: false,
  thumbnail: null,
  /** Neither speed nor path is measured. */
  current_estimated_speed: 0,
  average_estimated_speed: 0,
  velocity_angle: 0,
  path_data: [],
} as const;

/**
 * One object in view of one camera. Frigate's names and meanings, plus `detector` and `revision`.
 * Times are Unix seconds, boxes pixels of the frames that the detector sees, areas square pixels.
 */
export interface ObjectEvent extends Readonly<typeof CONSTANT_FIELDS> {
  /** `<start time>-<6 characters>`, the same in all messages about this object. */
  readonly id: string;
  readonly camera: string;
  readonly label: string;
  /** When this box was detected. */
  readonly frame_time: number;
  readonly start_time: number;
  /** When it was last detected; null while it is in view. */
  readonly end_time: number | null;
  /** Of the latest detection, 0..1. */
  readonly score: number;
  /** The best median of ten scores so far. */
  readonly top_score: number;
  readonly false_positive: boolean;
  readonly box: Box;
  readonly area: number;
  /** Width divided by height of the box. */
  readonly ratio: number;
  /** The part of the frame that the detector examined. */
  readonly region: Box;
  readonly current_zones: readonly string[];
  /** In the order in which it entered them, each once. */
  readonly entered_zones: readonly string[];
  /** The highest severity of a review with this object so far; null: it is in no review. */
  readonly max_severity: Severity | null;
  /** Whether it is in a zone with `loitering_time` and has not entered it yet; of a person, as long as it stays there. */
  readonly pending_loitering: boolean;
  readonly active: boolean;
  readonly stationary: boolean;
  /** Frames since it last changed position. */
  readonly motionless_count: number;
  /** How often it started to move: the first time, and each time after it had been stationary. */
  readonly position_changes: number;
  readonly has_snapshot: boolean;
  /** Its best frame so far. */
  readonly snapshot: SnapshotOfObject | null;
  readonly detector: DetectorOfEvent;
  /** Counts the messages about this object, from 1: a consumer can drop duplicates. */
  readonly revision: number;
}

/** How much a review matters. */
export type Severity = "alert" | "detection";

export interface SnapshotOfObject {
  readonly frame_time: number;
  readonly box: Box;
  readonly area: number;
  readonly region: Box;
  readonly score: number;
  readonly attributes: readonly [];
}

/** The detector that found the object. */
export interface DetectorOfEvent {
  readonly name: string;
  /** Of the module file. */
  readonly sha256: string;
  /** Of the weights, an SPDX identifier or `unknown`: events and snapshots may go where the licence matters. */
  readonly licence: string;
  readonly precision: string;
  readonly runtime: Runtime;
  /** Milliseconds for the latest frame; 0 in `replay`, whose output must not depend on the machine. */
  readonly inference_ms: number;
}
