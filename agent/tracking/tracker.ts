import type { Box, Detection } from "../../detectors/detector.ts";
import { assign } from "./assignment.ts";
import { centreDistance, diagonal, intersectionOverUnion } from "./box.ts";
import {
  continueTrack,
  missTrack,
  predictedBox,
  predictTrack,
  startTrack,
  type Track,
  type TrackRules,
} from "./track.ts";

/** Everything a camera's tracker remembers between two frames. */
export interface Tracker {
  readonly nextId: number;
  readonly tracks: readonly Track[];
}

export interface TrackerOptions extends TrackRules {
  /** A detection below this score starts nothing; it may only continue what was in view a frame ago. */
  minScore(label: string): number;
  /** An object not detected for longer than this is gone. */
  readonly maxDisappearedMs: number;
}

/** Before the first frame. */
export const NO_TRACKS: Tracker = { nextId: 1, tracks: [] };

// Overlap or nearness that makes a detection a candidate at all. At 5 frames a second a running person or a car may
// leave its own box between two frames before its velocity is known, hence nearness: within half a box's diagonal.
const MIN_IOU = 0.1;
const REACH_DIAGONALS = 0.5;
/** A doubtful detection must lie where the track was expected (ByteTrack's second association). */
const MIN_IOU_DOUBTFUL = 0.5;

/**
 * Joins one frame's detections with the tracks so far, label by label.
 *
 * SORT (Bewley et al. 2016) with ByteTrack's order (Zhang et al. 2022): sure detections go to confirmed tracks first,
 * then doubtful ones to confirmed tracks that were in view a frame ago, then the sure ones left over to tracks not yet
 * confirmed, and what is still left starts tracks. Changes nothing it is given; the same input gives the same answer.
 */
export function updateTracks(
  tracker: Tracker,
  detections: readonly Detection[],
  timeMs: number,
  options: TrackerOptions,
): Tracker {
  const isSure = (detection: Detection) => detection.score >= options.minScore(detection.label);
  const sure = detections.filter(isSure);
  const doubtful = detections.filter((detection) => !isSure(detection));

  const predicted = tracker.tracks.map((track) => predictTrack(track, timeMs));
  const confirmed = join(
    predicted.filter((track) => track.confirmed),
    sure,
    candidateCost,
  );
  const inView = join(
    confirmed.tracksLeft.filter((track) => track.missed === 0),
    doubtful,
    doubtfulCost,
  );
  const tentative = join(
    predicted.filter((track) => !track.confirmed),
    confirmed.detectionsLeft,
    candidateCost,
  );

  const detectionOf = new Map(
    [...confirmed.joined, ...inView.joined, ...tentative.joined].map(
      ({ track, detection }) => [track.id, detection] as const,
    ),
  );
  const followed = predicted.map((track) => {
    const detection = detectionOf.get(track.id);
    return detection === undefined ? missTrack(track) : continueTrack(track, detection, options);
  });
  const started = tentative.detectionsLeft.map((detection, index) =>
    startTrack(tracker.nextId + index, detection, timeMs, options),
  );

  const isGone = (track: Track) =>
    track.confirmed ? timeMs - track.lastSeenMs > options.maxDisappearedMs : track.missed > 0;
  return {
    nextId: tracker.nextId + started.length,
    tracks: [...followed.filter((track) => !isGone(track)), ...started],
  };
}

interface Join {
  readonly joined: readonly { readonly track: Track; readonly detection: Detection }[];
  readonly tracksLeft: readonly Track[];
  readonly detectionsLeft: readonly Detection[];
}

type Cost = (expected: Box, found: Box) => number;

function join(tracks: readonly Track[], detections: readonly Detection[], costOf: Cost): Join {
  const costs = tracks.map((track) =>
    detections.map((detection) =>
      track.label === detection.label ? costOf(predictedBox(track), detection.box) : Infinity,
    ),
  );
  const joined = assign(costs).flatMap(({ row, column }) => {
    const track = tracks[row];
    const detection = detections[column];
    return track === undefined || detection === undefined ? [] : [{ track, detection }];
  });
  const joinedTracks = new Set(joined.map(({ track }) => track));
  const joinedDetections = new Set(joined.map(({ detection }) => detection));
  return {
    joined,
    tracksLeft: tracks.filter((track) => !joinedTracks.has(track)),
    detectionsLeft: detections.filter((detection) => !joinedDetections.has(detection)),
  };
}

/** Little overlap and a far centre both cost, as in Distance-IoU (Zheng et al. 2020); out of reach is no candidate. */
function candidateCost(expected: Box, found: Box): number {
  const overlap = intersectionOverUnion(expected, found);
  const distance = centreDistance(expected, found) / diagonal(expected);
  return overlap >= MIN_IOU || distance <= REACH_DIAGONALS ? 1 - overlap + distance : Infinity;
}

function doubtfulCost(expected: Box, found: Box): number {
  const overlap = intersectionOverUnion(expected, found);
  return overlap >= MIN_IOU_DOUBTFUL ? 1 - overlap : Infinity;
}
