import type { Box } from "../base/box.ts";
import { median } from "../base/numbers.ts";

/** Whether an object stays at its position. */
export interface Stationarity {
  /** The box that movement is measured from. */
  readonly anchor: Box;
  /** The latest detected boxes, oldest first. */
  readonly recent: readonly Box[];
  /**
   * The time since the last change of position in frame intervals, as Frigate counts it. Includes frames in which the object
   * was not examined; at the nominal rate it is the number of frames.
   */
  readonly motionlessFrames: number;
  /** Detections since the last change of position. */
  readonly detections: number;
  /** How often it started to move: the first time, and each time after it had been stationary. */
  readonly changes: number;
}

/** A single odd box among five is no movement: something passed in front, or the detector cut the object short. */
const RECENT_BOXES = 5;
/** A stationary object needs more evidence to move: a second later at 5 frames a second, but fewer false starts. */
const RECENT_BOXES_STATIONARY = 9;
/** The anchor is first set where the object slows down, then again after this many detections and when it is stationary. */
const SETTLED_DETECTIONS = 10;
/**
 * An object has moved if both edges of a side moved in the same direction by this share of the side, or of half the other
 * side if that is longer: a detector's box jitters in proportion to the whole. A box that grows or shrinks at one edge only
 * (arms, an open door, something in front) has not moved.
 */
const MOVED_SHARE = 0.2;
/** So has an object whose box grows or shrinks by this factor in both directions: 1.35² is nearly twice the area. */
const MOVED_SCALE = 1.35;

/** After the first detection. */
export function startStationarity(box: Box): Stationarity {
  return { anchor: box, recent: [box], motionlessFrames: 0, detections: 1, changes: 0 };
}

/**
 * After another detection. The object has moved once the median of its latest boxes (edge by edge) has moved.
 * @param frames frame intervals since the last frame.
 * @param stationaryAfter frame intervals without a change of position after which an object is stationary.
 */
export function afterDetection(
  before: Stationarity,
  box: Box,
  frames: number,
  stationaryAfter: number,
): Stationarity {
  const recent = [...before.recent, box].slice(-RECENT_BOXES_STATIONARY);
  const wasStationary = before.motionlessFrames >= stationaryAfter;
  const here = medianBox(wasStationary ? recent : recent.slice(-RECENT_BOXES));
  if (hasMoved(before.anchor, here)) {
    const starts = before.changes === 0 || wasStationary;
    return {
      anchor: here,
      recent,
      motionlessFrames: 0,
      detections: 0,
      changes: before.changes + (starts ? 1 : 0),
    };
  }
  const detections = before.detections + 1;
  const after = afterMotionlessFrame({ ...before, recent, detections }, frames, stationaryAfter);
  return detections === SETTLED_DETECTIONS ? { ...after, anchor: medianBox(recent) } : after;
}

/**
 * After another frame at the same position. One frame after a long pause is too little evidence: it counts for at most half
 * of `stationaryAfter`.
 */
export function afterMotionlessFrame(
  before: Stationarity,
  frames: number,
  stationaryAfter: number,
): Stationarity {
  const counted = Math.min(frames, Math.max(1, stationaryAfter / 2));
  const motionlessFrames = before.motionlessFrames + counted;
  const settles = before.motionlessFrames < stationaryAfter && motionlessFrames >= stationaryAfter;
  const anchor = settles ? medianBox(before.recent) : before.anchor;
  return { ...before, motionlessFrames, anchor };
}

/** The box whose edges are the medians of the edges of several boxes. */
export function medianBox(boxes: readonly Box[]): Box {
  const edge = (index: 0 | 1 | 2 | 3) => median(boxes.map((box) => box[index]));
  return [edge(0), edge(1), edge(2), edge(3)];
}

/** Whether the latest box alone suggests that the object has moved: reason enough to examine it again soon. */
export function seemsMoved({ anchor, recent }: Stationarity): boolean {
  return hasMoved(anchor, recent.at(-1) ?? anchor);
}

function hasMoved(from: Box, to: Box): boolean {
  const width = Math.max(1, from[2] - from[0]);
  const height = Math.max(1, from[3] - from[1]);
  const across = commonShift(to[0] - from[0], to[2] - from[2]) / Math.max(width, height / 2);
  const along = commonShift(to[1] - from[1], to[3] - from[3]) / Math.max(height, width / 2);
  if (across > MOVED_SHARE || along > MOVED_SHARE) return true;
  const wider = Math.max(1, to[2] - to[0]) / width;
  const higher = Math.max(1, to[3] - to[1]) / height;
  return Math.min(wider, higher) > MOVED_SCALE || Math.max(wider, higher) < 1 / MOVED_SCALE;
}

/** How far both edges of a side moved in the same direction, pixels. */
function commonShift(first: number, second: number): number {
  return Math.sign(first) === Math.sign(second) ? Math.min(Math.abs(first), Math.abs(second)) : 0;
}
