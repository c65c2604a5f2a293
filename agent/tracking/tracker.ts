import { isCovered } from "../attention/coverage.ts";
import type { Box, Size } from "../base/box.ts";
import { isCutOff, isPieceOf } from "../base/cut-off.ts";
import { longestPauseMs, type RecentIntervals } from "../base/intervals.ts";
import type { CameraConfig } from "../config/schema.ts";
import type { FrameDetection } from "../detection/detect-regions.ts";
import { isBehindAnother } from "./behind-another.ts";
import { judgeTracks } from "./duplicate-tracks.ts";
import { hasLeft } from "./leaving.ts";
import { matchDetections } from "./matching.ts";
import { type ModelFilters, scoreFilter } from "./score-filter.ts";
import {
  coastTrack,
  continueTrack,
  keepTrack,
  missTrack,
  predictedBox,
  predictTrack,
  startTrack,
  type Track,
  type TrackRules,
} from "./track.ts";

/** The state of a camera's tracker between two frames. */
export interface Tracker {
  readonly nextId: number;
  readonly tracks: readonly Track[];
}

export interface TrackerOptions extends TrackRules {
  /** A detection below this score starts no track; it may only continue one that was in view a frame ago. */
  minScore(label: string): number;
  /** An object that was missed for longer than this is gone. */
  readonly maxDisappearedMs: number;
  /** After a longer pause between two frames, an object that was not stationary may be another one. */
  readonly maxPauseMs: number;
}

/** Before the first frame. */
export const NO_TRACKS: Tracker = { nextId: 1, tracks: [] };

/**
 * Detections below this score are noise. From here to `min_score` a detection starts no track, but may continue one:
 * ByteTrack's lower threshold.
 */
const LOWEST_SCORE = 0.1;

/** The lowest score that the detector should report for a camera. @param filters the module's */
export function lowestScore({ objects }: Pick<CameraConfig, "objects">, filters: ModelFilters): number {
  const scores = objects.track.map((label) => scoreFilter(objects, label, filters).min_score);
  return Math.min(LOWEST_SCORE, ...scores);
}

/**
 * The tracker's options from a camera's configuration.
 * @param intervals between the camera's latest frames.
 * @param filters the module's.
 */
export function trackerOptions(
  { detect, objects }: Pick<CameraConfig, "detect" | "objects">,
  frame: Size,
  intervals: RecentIntervals,
  filters?: ModelFilters,
): TrackerOptions {
  const maxDisappearedMs = (detect.max_disappeared / detect.fps) * 1000;
  return {
    minInitialized: detect.min_initialized,
    maxDisappearedMs,
    maxPauseMs: longestPauseMs(intervals, maxDisappearedMs),
    intervalMs: 1000 / detect.fps,
    stationaryAfter: detect.stationary.threshold,
    minScore: (label) => scoreFilter(objects, label, filters).min_score,
    threshold: (label) => scoreFilter(objects, label, filters).threshold,
    frame,
  };
}

/**
 * A stationary object is kept across longer pauses, because key frames alone may come as rarely as this. It is examined
 * soon afterwards.
 */
const STATIONARY_PAUSE_MS = 60_000;
/** An object that went over the border of the frame is gone after this time: the detector may have missed it there. */
const LEFT_MS = 800;
/** Misses that prove a moving object gone: a single miss proves nothing, however long ago the pass before it was. */
const MISSES = 3;
/**
 * A stationary object is examined seldom, and in poor light the detector finds it in some passes only. It is gone once the
 * probability of that many consecutive misses by chance falls to this, and after `MOST_MISSES` at the latest.
 */
const CHANCE = 1e-5;
const MOST_MISSES = 40;

/**
 * Follows the objects of a camera to the next frame: SORT (Bewley et al. 2016) with ByteTrack's matching. An object that a
 * region covered but the detector did not find is missed. An object that no region covered is predicted, and neither missed
 * nor scored: for stationary objects this is the usual case. The same holds for a moment behind another object.
 *
 * Pure: changes none of its arguments.
 * @param detections the detections of the frame, one for each object.
 * @param examined the regions that the detector answered, in pixels of the frame; none: the detector did not run.
 */
export function updateTracks(
  tracker: Tracker,
  detections: readonly FrameDetection[],
  timeMs: number,
  options: TrackerOptions,
  examined: readonly Box[],
): Tracker {
  const recent = tracker.tracks.filter((track) => {
    const pauseMs = track.stationary ? Math.max(STATIONARY_PAUSE_MS, options.maxPauseMs) : options.maxPauseMs;
    return timeMs - track.updatedMs <= pauseMs;
  });
  const before = recent.map((track) => ({
    predicted: predictTrack(track, timeMs),
    sinceMs: track.updatedMs,
  }));
  const { continued, relabelled, left } = matchDetections(
    before.map(({ predicted }) => predicted),
    detections,
    { isSure: ({ label, score }) => score >= options.minScore(label), frame: options.frame },
  );
  const detected = [...continued.values()];
  const followed = before.map(({ predicted, sinceMs }) => {
    const detection = continued.get(predicted.id);
    if (detection !== undefined) {
      return continueTrack(predicted, completed(detection, predicted, options), sinceMs, options);
    }
    const other = relabelled.get(predicted.id);
    if (other !== undefined) return keepTrack(predicted, other, sinceMs, options);
    if (isBehindAnother(predicted, detected)) return predicted;
    const isMissed = isCovered(predictedBox(predicted), examined, options.frame);
    return isMissed ? missTrack(predicted) : coastTrack(predicted, sinceMs, options);
  });
  const isPieceOfKnown = (detection: FrameDetection) =>
    isCutOff(detection, options.frame) &&
    before.some(({ predicted }) => {
      return predicted.label === detection.label && isPieceOf(detection.box, predictedBox(predicted));
    });
  const started = left
    .filter((detection) => !isPieceOfKnown(detection))
    .map((detection, index) => startTrack(tracker.nextId + index, detection, timeMs));
  return {
    nextId: tracker.nextId + started.length,
    tracks: judgeTracks(
      [...followed.filter((track) => !isGone(track, options)), ...started],
      timeMs,
      options,
    ),
  };
}

/** Completes a detection that its region cuts off: it shows where the object is, but not how far it extends. */
function completed(detection: FrameDetection, predicted: Track, { frame }: TrackerOptions): FrameDetection {
  const expected = predictedBox(predicted);
  return isCutOff(detection, frame) && isPieceOf(detection.box, expected)
    ? { ...detection, box: expected }
    : detection;
}

function isGone(track: Track, { maxDisappearedMs, maxPauseMs, frame }: TrackerOptions): boolean {
  if (!track.confirmed) {
    return track.missed > 0 || track.updatedMs - track.lastSeenMs > maxPauseMs;
  }
  if (hasLeft(track, frame)) return track.updatedMs - track.lastSeenMs >= LEFT_MS;
  const misses = track.stationary ? missesThatProve(track.findRate) : MISSES;
  return track.missed >= misses && track.updatedMs - track.lostSinceMs > maxDisappearedMs;
}

function missesThatProve(findRate: number): number {
  const misses = Math.log(CHANCE) / Math.log(1 - Math.min(findRate, 0.95));
  return Math.min(MOST_MISSES, Math.ceil(misses));
}
