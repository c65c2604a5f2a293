import { boxArea, intersectionOverUnion, sharedArea } from "../base/box.ts";
import { believeTrack, type Track, type TrackRules } from "./track.ts";

/** Two boxes of one label that share this much are two views of one object. */
const SAME_OBJECT_IOU = 0.5;
/** So is a box that lies within another to this part and is not much smaller: the upper half of a person. */
const PART_INSIDE = 0.85;
const PART_AREA = 0.35;

/**
 * Draws the conclusions from this frame's scores, oldest track first. A track that lies on one that is believed already
 * is not believed as long as it does: of two tracks on one object only the first becomes an event, and two people who
 * part become two.
 */
export function believeAll(tracks: readonly Track[], timeMs: number, rules: TrackRules): readonly Track[] {
  const believed = tracks.filter((track) => track.truePositive);
  return tracks.map((track) => {
    if (track.lastSeenMs !== timeMs) return track;
    const after = believeTrack(track, rules);
    if (track.truePositive || !after.truePositive) return after;
    if (believed.some((object) => isShadow(track, object))) return { ...after, truePositive: false };
    believed.push(after);
    return after;
  });
}

function isShadow(track: Track, object: Track): boolean {
  if (track.label !== object.label || object.missed > 0) return false;
  if (intersectionOverUnion(track.box, object.box) >= SAME_OBJECT_IOU) return true;
  const area = boxArea(track.box);
  return area >= PART_AREA * boxArea(object.box) && sharedArea(track.box, object.box) >= PART_INSIDE * area;
}
