import type { Box } from "../../detectors/detector.ts";
import { median } from "./scores.ts";

/** Whether an object stays where it is. */
export interface Place {
  /** The box that its movement is measured from. */
  readonly anchor: Box;
  /** Its latest boxes, oldest first. */
  readonly recent: readonly Box[];
  /** Frames since it last changed position, those included in which nobody looked. */
  readonly motionlessFrames: number;
  /** Looks that found it since then. */
  readonly looks: number;
  /** How often it set out from a place: the first time it moved, and each time after it had been stationary. */
  readonly changes: number;
}

/** A single odd box, of five, is no movement: somebody passed in front, or the detector cut the object short. */
const RECENT_BOXES = 5;
/** What is stationary is believed to be on its way later rather than too often: a second at 5 frames a second. */
const RECENT_BOXES_STATIONARY = 9;
/** The anchor is where it slowed down first, then, after so many looks and once more when it is stationary, where it stopped. */
const SETTLED_LOOKS = 10;
/**
 * Both edges of a side must have gone the same way by this share of it, or of half the other side where it is narrower: a
 * detector's box jitters in proportion to the whole. A box that only grows or shrinks at one edge (arms, an open door,
 * something in front) has not gone anywhere.
 */
const MOVED_SHARE = 0.2;
/** Growing or shrinking by this much in both directions, it came nearer or went away: 1.35² is nearly twice the area. */
const MOVED_SCALE = 1.35;

/** Where an object is seen for the first time. */
export function startPlace(box: Box): Place {
  return { anchor: box, recent: [box], motionlessFrames: 0, looks: 1, changes: 0 };
}

/**
 * The object was seen here. It has moved once the median of its latest boxes has (edge by edge).
 * @param stationaryAfter frames without a change of position that make an object stationary.
 */
export function seenAt(place: Place, box: Box, stationaryAfter: number): Place {
  const recent = [...place.recent, box].slice(-RECENT_BOXES_STATIONARY);
  const wasStationary = place.motionlessFrames >= stationaryAfter;
  const here = medianBox(wasStationary ? recent : recent.slice(-RECENT_BOXES));
  if (hasMoved(place.anchor, here)) {
    const setsOut = place.changes === 0 || wasStationary;
    return {
      anchor: here,
      recent,
      motionlessFrames: 0,
      looks: 0,
      changes: place.changes + (setsOut ? 1 : 0),
    };
  }
  const looks = place.looks + 1;
  const stays = stayed({ ...place, recent, looks }, stationaryAfter);
  return looks === SETTLED_LOOKS ? { ...stays, anchor: medianBox(recent) } : stays;
}

/** One frame more at the same place. */
export function stayed(place: Place, stationaryAfter: number): Place {
  const motionlessFrames = place.motionlessFrames + 1;
  const anchor = motionlessFrames === stationaryAfter ? medianBox(place.recent) : place.anchor;
  return { ...place, motionlessFrames, anchor };
}

/** The box whose edges are the medians of the edges of several. */
export function medianBox(boxes: readonly Box[]): Box {
  const edge = (index: 0 | 1 | 2 | 3) => median(boxes.map((box) => box[index]));
  return [edge(0), edge(1), edge(2), edge(3)];
}

/** Whether the latest box alone looks as if the object had moved: reason enough to look again soon. */
export function seemsElsewhere({ anchor, recent }: Place): boolean {
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

/** How far both edges of a side went the same way, pixels. */
function commonShift(first: number, second: number): number {
  return Math.sign(first) === Math.sign(second) ? Math.min(Math.abs(first), Math.abs(second)) : 0;
}
