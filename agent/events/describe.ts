import type { Box } from "../../detectors/detector.ts";
import { boxArea } from "../tracking/box.ts";
import type { Track } from "../tracking/track.ts";
import type { DetectorOfEvent, ObjectEvent, SnapshotOfObject } from "./event.ts";

/** What all objects of one frame share. */
export interface Scene {
  readonly camera: string;
  /** Pixels of the picture detection works on. */
  readonly width: number;
  readonly height: number;
  /** Frames at one place after which an object counts as stationary. */
  readonly stationaryAfter: number;
  readonly hasSnapshot: boolean;
  readonly detector: DetectorOfEvent;
}

/**
 * A track as the world is told of it.
 * @param before the same object as described for the frame before.
 */
export function describeObject(
  track: Track,
  scene: Scene,
  before: ObjectEvent | undefined,
  newId: (startTimeMs: number) => string,
): ObjectEvent {
  const box = wholePixels(track.box);
  const region: Box = [0, 0, scene.width, scene.height];
  const frame: SnapshotOfObject = {
    frame_time: track.lastSeenMs / 1000,
    box,
    area: boxArea(box),
    region,
    score: rounded(track.score, 4),
  };
  const stationary = track.motionlessFrames >= scene.stationaryAfter;
  return {
    id: before?.id ?? newId(track.startTimeMs),
    camera: scene.camera,
    label: track.label,
    frame_time: frame.frame_time,
    start_time: track.startTimeMs / 1000,
    end_time: null,
    score: frame.score,
    top_score: rounded(track.topScore, 4),
    false_positive: !track.truePositive,
    box,
    area: frame.area,
    ratio: rounded((box[2] - box[0]) / Math.max(1, box[3] - box[1]), 2),
    region,
    current_zones: [],
    entered_zones: [],
    active: !stationary,
    stationary,
    motionless_count: track.motionlessFrames,
    position_changes: track.positionChanges,
    has_snapshot: scene.hasSnapshot,
    snapshot: betterFrame(before?.snapshot, frame),
    detector: scene.detector,
    revision: before?.revision ?? 0,
  };
}

/** Frigate's rule for the best frame of an object: off the picture's edge, then 5 % surer or 10 % larger. */
function betterFrame(best: SnapshotOfObject | null | undefined, frame: SnapshotOfObject): SnapshotOfObject {
  if (best === null || best === undefined) return frame;
  const bestIsCut = isCut(best);
  if (isCut(frame) !== bestIsCut) return bestIsCut ? frame : best;
  return frame.score > best.score + 0.05 || frame.area > best.area * 1.1 ? frame : best;
}

function isCut({ box, region }: SnapshotOfObject): boolean {
  return box[0] <= region[0] || box[1] <= region[1] || box[2] >= region[2] || box[3] >= region[3];
}

function wholePixels([x1, y1, x2, y2]: Box): Box {
  return [Math.round(x1), Math.round(y1), Math.round(x2), Math.round(y2)];
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
