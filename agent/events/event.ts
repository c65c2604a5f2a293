import type { Box, Runtime } from "../../detectors/detector.ts";

/** What `<prefix>/events` carries: an object as it was last told of, and as it is now. */
export interface EventMessage {
  readonly type: "new" | "update" | "end";
  readonly before: ObjectEvent;
  readonly after: ObjectEvent;
  /** With every `end`, and with nothing else. */
  readonly reason?: EndReason;
}

/**
 * Why an event ended: the object left or was lost; the camera fell silent; somebody switched its detection off; the
 * detector keeps failing; the agent stopped; or it crashed, and tells so after its restart.
 */
export type EndReason = "gone" | "silence" | "switched_off" | "detector_failed" | "shutdown" | "crash";

/**
 * One object in view of one camera. Frigate's names and meanings, plus `detector` and `revision`.
 * Times are Unix seconds, boxes pixels of the picture detection works on, areas square pixels.
 */
export interface ObjectEvent {
  /** `<start time>-<6 characters>`, the same for all messages about this object. */
  readonly id: string;
  readonly camera: string;
  readonly label: string;
  /** When this box was seen. */
  readonly frame_time: number;
  readonly start_time: number;
  /** When it was last seen; null while it is in view. */
  readonly end_time: number | null;
  /** Of the latest detection, 0..1. */
  readonly score: number;
  /** Best median of ten scores so far. */
  readonly top_score: number;
  readonly false_positive: boolean;
  readonly box: Box;
  readonly area: number;
  /** Width over height of the box. */
  readonly ratio: number;
  /** The part of the picture that was looked at. */
  readonly region: Box;
  readonly current_zones: readonly string[];
  /** In the order it entered them, each once. */
  readonly entered_zones: readonly string[];
  readonly active: boolean;
  readonly stationary: boolean;
  /** Frames since it last changed position. */
  readonly motionless_count: number;
  /** How often it set out from a place: the first time it moved, and each time after it had been stationary. */
  readonly position_changes: number;
  readonly has_snapshot: boolean;
  /** Its best frame so far. */
  readonly snapshot: SnapshotOfObject | null;
  readonly detector: DetectorOfEvent;
  /** Counts up with every message about this object, from 1: a consumer can drop repeats. */
  readonly revision: number;
}

export interface SnapshotOfObject {
  readonly frame_time: number;
  readonly box: Box;
  readonly area: number;
  readonly region: Box;
  readonly score: number;
}

/** What saw it. */
export interface DetectorOfEvent {
  readonly name: string;
  /** Of the module file. */
  readonly sha256: string;
  /** Of the weights, an SPDX identifier or `unknown`: events and pictures may go where the licence matters. */
  readonly licence: string;
  readonly precision: string;
  readonly runtime: Runtime;
  /** Milliseconds the latest frame took; 0 in `replay`, whose output must not depend on the machine. */
  readonly inference_ms: number;
}
