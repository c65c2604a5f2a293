import type { TrackedObject } from "../attention/expected-objects.ts";
import { type Box, insideFrame, type Size } from "../base/box.ts";
import { elapsedFrames } from "../base/intervals.ts";
import type { FrameDetection } from "../detection/detect-regions.ts";
import { type BoxMotion, boxOf, correctBox, predictBox, startBox, stopBox } from "./box-motion.ts";
import { type Extent, startExtent, updateExtent, wholeBox } from "./extent.ts";
import { addScore, medianScore, type ScoreHistory } from "./score-history.ts";
import {
  afterDetection,
  afterMotionlessFrame,
  medianBox,
  type Stationarity,
  seemsMoved,
  startStationarity,
} from "./stationarity.ts";

/** One object followed through the frames of one camera. */
export interface Track {
  /** Counts up within one camera. */
  readonly id: number;
  readonly label: string;
  readonly startTimeMs: number;
  /** When it was last detected. */
  readonly lastSeenMs: number;
  /** The last detection: box with the part that something hides, visible part, score, and region in which it was found. */
  readonly box: Box;
  readonly visible: Box;
  readonly score: number;
  readonly region: Box;
  readonly scoreHistory: ScoreHistory;
  /** The best median score so far. */
  readonly topScore: number;
  /** Once true, always true. */
  readonly truePositive: boolean;
  /** Detected often enough in a row to count as an object. */
  readonly confirmed: boolean;
  /** Detection passes that found it. */
  readonly hits: number;
  /** Consecutive detection passes that missed it. */
  readonly missed: number;
  /** Of the last frame in which it was detected, or in which nothing contradicted it. */
  readonly lostSinceMs: number;
  /** The share of recent detection passes (about twenty) that found it. */
  readonly findRate: number;
  readonly stationarity: Stationarity;
  /** At one position for long: kept without being examined in every frame. */
  readonly stationary: boolean;
  readonly extent: Extent;
  /** The estimate at `updatedMs`, the time of the last frame. */
  readonly motion: BoxMotion;
  readonly updatedMs: number;
}

export interface TrackRules {
  /** Consecutive detections that make an object; where frames come more rarely, two after the same time. */
  readonly minInitialized: number;
  /** Frame intervals without a change of position after which an object is stationary. */
  readonly stationaryAfter: number;
  /** The nominal interval of frames, that of `detect.fps`, milliseconds. */
  readonly intervalMs: number;
  readonly frame: Size;
  /** The median score from which an object of this label is a true positive. */
  threshold(label: string): number;
}

/** Before any detection pass has missed the object. */
const FIRST_FIND_RATE = 0.7;
const FIND_RATE_WEIGHT = 0.05;

/** Starts a track with the first detection of an object. */
export function startTrack(id: number, detection: FrameDetection, timeMs: number): Track {
  const { label, score, box, region } = detection;
  return {
    id,
    label,
    startTimeMs: timeMs,
    lastSeenMs: timeMs,
    box,
    visible: box,
    score,
    region,
    scoreHistory: [score],
    topScore: 0,
    truePositive: false,
    confirmed: false,
    hits: 1,
    missed: 0,
    lostSinceMs: timeMs,
    findRate: FIRST_FIND_RATE,
    stationarity: startStationarity(box),
    stationary: false,
    extent: startExtent(box),
    motion: startBox(box),
    updatedMs: timeMs,
  };
}

/** Predicts a track at the time of the next frame, before that frame's detections are known. */
export function predictTrack(track: Track, timeMs: number): Track {
  const seconds = Math.max(0, timeMs - track.updatedMs) / 1000;
  const motion = predictBox(track.motion, seconds, track.lastSeenMs < track.updatedMs);
  return { ...track, motion, updatedMs: timeMs };
}

/** Where a predicted track should be. A resting object is at the median of its recent boxes. */
export function predictedBox(track: Track): Box {
  return isAtRest(track) ? medianBox(track.stationarity.recent) : boxOf(track.motion);
}

/** Whether a track is stationary and its latest detection agrees. If that disagrees, the object may be starting to move. */
export function isAtRest(track: Track): boolean {
  return track.stationary && !seemsMoved(track.stationarity);
}

/** The properties of a track that attention uses, at the time of the next frame. */
export function trackedObject(track: Track, timeMs: number): TrackedObject {
  const { id, label, box, score, confirmed, motion } = track;
  return {
    id,
    label,
    predicted: predictedBox(predictTrack(track, timeMs)),
    box,
    score,
    speed: Math.hypot(motion.centreX.velocity, motion.centreY.velocity),
    confirmed,
    stationary: isAtRest(track),
    seenMs: track.lastSeenMs,
    missed: track.missed > 0,
  };
}

/**
 * A predicted track after a matching detection.
 * @param sinceMs the time of the frame before.
 */
export function continueTrack(
  track: Track,
  detection: FrameDetection,
  sinceMs: number,
  rules: TrackRules,
): Track {
  const { score, region } = detection;
  const { frame } = rules;
  const whole = wholeBox(detection.box, predictedBox(track), track.extent, frame);
  const seconds = (track.updatedMs - track.lastSeenMs) / 1000;
  const frames = elapsedFrames(sinceMs, track.updatedMs, rules.intervalMs);
  const stationarity = afterDetection(track.stationarity, detection.box, frames, rules.stationaryAfter);
  const stationary = stationarity.motionlessFrames >= rules.stationaryAfter;
  const motion = correctBox(track.motion, whole);
  // The misses before this detection are counted only now that they are known to be the detector's fault.
  const findRate = track.findRate * (1 - FIND_RATE_WEIGHT) ** (track.missed + 1) + FIND_RATE_WEIGHT;
  return {
    ...track,
    lastSeenMs: track.updatedMs,
    lostSinceMs: track.updatedMs,
    box: insideFrame(steadied(whole, boxOf(motion)), frame),
    visible: detection.box,
    score,
    region,
    scoreHistory: addScore(track.scoreHistory, score),
    hits: track.hits + 1,
    missed: 0,
    findRate,
    stationarity,
    stationary,
    extent: updateExtent(track.extent, detection.box, seconds, frame),
    motion: stationary ? stopBox(motion) : motion,
  };
}

/**
 * A detected box, with a size halfway to the estimate: a detector's box gets wider and narrower with each step of a walker.
 * Its centre is kept, since the estimate of a moving object's place lags behind.
 */
function steadied([x1, y1, x2, y2]: Box, [left, top, right, bottom]: Box): Box {
  const widening = (right - left - (x2 - x1)) / 4;
  const heightening = (bottom - top - (y2 - y1)) / 4;
  return [x1 - widening, y1 - heightening, x2 + widening, y2 + heightening];
}

/** A predicted track after a detection with another label: the object is there, but its scores do not change. */
export function keepTrack(
  track: Track,
  detection: FrameDetection,
  sinceMs: number,
  rules: TrackRules,
): Track {
  const { score, scoreHistory } = track;
  return { ...continueTrack(track, detection, sinceMs, rules), score, scoreHistory };
}

/** A predicted track that the detector missed although a region covered it. */
export function missTrack(track: Track): Track {
  return { ...track, scoreHistory: addScore(track.scoreHistory, 0), missed: track.missed + 1 };
}

/** A predicted track that no region covered: nothing contradicts it. */
export function coastTrack(track: Track, sinceMs: number, rules: TrackRules): Track {
  if (track.missed > 0) return track;
  const frames = elapsedFrames(sinceMs, track.updatedMs, rules.intervalMs);
  const stationarity = afterMotionlessFrame(track.stationarity, frames, rules.stationaryAfter);
  const stationary = stationarity.motionlessFrames >= rules.stationaryAfter;
  const motion = stationary ? stopBox(track.motion) : track.motion;
  return { ...track, lostSinceMs: track.updatedMs, stationarity, stationary, motion };
}

/** Judges a track by its scores: whether it is confirmed, and whether it is a true positive. */
export function judgeTrack(track: Track, rules: TrackRules): Track {
  const median = medianScore(track.scoreHistory);
  const confirmed = track.confirmed || isConfirmed(track, rules);
  return {
    ...track,
    confirmed,
    topScore: Math.max(track.topScore, median),
    truePositive: track.truePositive || (confirmed && median >= rules.threshold(track.label)),
  };
}

/** Two detections are enough where they lie as far apart as `minInitialized` detections at the nominal rate. */
function isConfirmed({ hits, startTimeMs, lastSeenMs }: Track, rules: TrackRules): boolean {
  const spanMs = (rules.minInitialized - 1) * rules.intervalMs;
  return hits >= rules.minInitialized || lastSeenMs - startTimeMs >= spanMs;
}

/**
 * Whether every frame must be decoded now: an object moves, stands since a moment ago, was only just found or lost. A
 * stationary object is checked on key frames: if it leaves, the motion gate sees it.
 */
export function needsEveryFrame(tracks: readonly Pick<Track, "stationary">[]): boolean {
  return tracks.some(({ stationary }) => !stationary);
}
