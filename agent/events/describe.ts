import type { Detector } from "../../detectors/detector.ts";
import { type Box, boxArea, type Size } from "../base/box.ts";
import type { ReviewConfig } from "../config/review-schema.ts";
import type { ZoneConfig } from "../config/schema.ts";
import type { Track } from "../tracking/track.ts";
import { betterFrame } from "./best-frame.ts";
import { CONSTANT_FIELDS, type DetectorOfEvent, type ObjectEvent, type SnapshotOfObject } from "./event.ts";
import { severityOf } from "./review.ts";
import { currentZones, isLoitering, type ZoneHistory } from "./zones.ts";

/** The properties that all objects of one frame share; the size is that of the frame. */
export interface FrameContext extends Size {
  readonly camera: string;
  readonly zones: readonly ZoneConfig[];
  readonly review: ReviewConfig;
  readonly hasSnapshot: boolean;
  readonly detector: DetectorOfEvent;
}

/**
 * Describes a track as its events publish it.
 * @param before the description for the frame before.
 */
export function describeObject(
  track: Track,
  zones: ZoneHistory,
  context: FrameContext,
  before: ObjectEvent | undefined,
  newId: (startTimeMs: number) => string,
): ObjectEvent {
  const box = wholePixels(track.box);
  const region = wholePixels(track.region);
  const visible = wholePixels(track.visible);
  const frame: SnapshotOfObject = {
    frame_time: track.lastSeenMs / 1000,
    box: visible,
    area: boxArea(visible),
    region,
    score: rounded(track.score, 4),
    attributes: [],
  };
  return {
    id: before?.id ?? newId(track.startTimeMs),
    camera: context.camera,
    label: track.label,
    frame_time: frame.frame_time,
    start_time: track.startTimeMs / 1000,
    end_time: null,
    score: frame.score,
    top_score: rounded(track.topScore, 4),
    false_positive: !track.truePositive,
    box,
    area: boxArea(box),
    ratio: rounded((box[2] - box[0]) / Math.max(1, box[3] - box[1]), 2),
    region,
    current_zones: currentZones(zones),
    entered_zones: zones.entered,
    max_severity: severityOf(track.label, zones.entered, context.review),
    pending_loitering: isLoitering(zones, track.label, context.zones),
    active: !track.stationary,
    stationary: track.stationary,
    motionless_count: Math.round(track.stationarity.motionlessFrames),
    position_changes: track.stationarity.changes,
    has_snapshot: context.hasSnapshot || (before?.has_snapshot ?? false),
    snapshot: betterFrame(before?.snapshot, frame, context),
    ...CONSTANT_FIELDS,
    detector: context.detector,
    revision: before?.revision ?? 0,
  };
}

/** Describes the detector as the events publish it. */
export function describeDetector(
  { model, runtime }: Pick<Detector, "model" | "runtime">,
  inferenceMs: number,
): DetectorOfEvent {
  const { name, sha256, precision, licence } = model;
  const inference_ms = Number(inferenceMs.toFixed(1));
  return { name, sha256, licence, precision, runtime, inference_ms };
}

function wholePixels([x1, y1, x2, y2]: Box): Box {
  return [Math.round(x1), Math.round(y1), Math.round(x2), Math.round(y2)];
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
