import { boxArea, intersectionOverUnion, sharedArea } from "../base/box.ts";
import { judgeTrack, type Track, type TrackRules } from "./track.ts";

/** Two boxes of one label with at least this IoU show one object. */
const SAME_OBJECT_IOU = 0.5;
/** So do two boxes if at least this share of the smaller one lies inside the larger one: the upper half of a person. */
const PART_INSIDE = 0.85;
/** A box with less than this share of the larger one's area may be another object. */
const PART_AREA = 0.35;

/**
 * Judges the tracks by this frame's scores, oldest track first. A track that lies on an object which is already a true
 * positive does not become one as long as it lies there. Thus only the first of two tracks on one object becomes an event,
 * and two people who part become two events.
 */
export function judgeTracks(tracks: readonly Track[], timeMs: number, rules: TrackRules): readonly Track[] {
  const objects = tracks.filter((track) => track.truePositive);
  return tracks.map((track) => {
    if (track.lastSeenMs !== timeMs) return track;
    const judged = judgeTrack(track, rules);
    if (track.truePositive || !judged.truePositive) return judged;
    if (objects.some((object) => isDuplicate(track, object))) return { ...judged, truePositive: false };
    objects.push(judged);
    return judged;
  });
}

function isDuplicate(track: Track, object: Track): boolean {
  if (track.label !== object.label || object.missed > 0) return false;
  if (intersectionOverUnion(track.box, object.box) >= SAME_OBJECT_IOU) return true;
  const area = boxArea(track.box);
  return area >= PART_AREA * boxArea(object.box) && sharedArea(track.box, object.box) >= PART_INSIDE * area;
}
