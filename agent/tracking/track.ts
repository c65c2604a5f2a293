import type { Box } from "../../detectors/detector.ts";
import { type BoxMotion, boxOf, correctBox, predictBox, startBox, stopBox } from "./box-motion.ts";
import type { Finding } from "./finding.ts";
import { medianBox, type Place, seemsElsewhere, seenAt, startPlace, stayed } from "./place.ts";
import { addScore, medianScore, type Scores } from "./scores.ts";

/** One object followed through the frames of one camera. */
export interface Track {
  /** Counts up within one camera. */
  readonly id: number;
  readonly label: string;
  readonly startTimeMs: number;
  /** When it was last detected. */
  readonly lastSeenMs: number;
  /** Where it was last detected, how sure the detector was, and the region that was looked at. */
  readonly box: Box;
  readonly score: number;
  readonly region: Box;
  readonly scores: Scores;
  /** The best median so far. */
  readonly topScore: number;
  /** Once true, always true. */
  readonly truePositive: boolean;
  /** Detected in enough looks in a row to count as an object at all. */
  readonly confirmed: boolean;
  /** Looks that found it. */
  readonly hits: number;
  /** Looks since then that did not, and when the first of them was due: the time of the frame before. */
  readonly missed: number;
  readonly lostSinceMs: number;
  /** The share of looks that found it, of the last twenty or so. */
  readonly findRate: number;
  readonly place: Place;
  /** At one place for long: kept without being looked at in every frame. */
  readonly stationary: boolean;
  /** The belief at `believedAtMs`, the time of the last frame. */
  readonly motion: BoxMotion;
  readonly believedAtMs: number;
}

/** When a track counts. */
export interface TrackRules {
  /** Detections in a row that make an object. */
  readonly minInitialized: number;
  /** Frames without a change of position that make an object stationary. */
  readonly stationaryAfter: number;
  /** The median score from which an object of this label is believed. */
  threshold(label: string): number;
}

/** Until more is known. */
const FIRST_FIND_RATE = 0.7;
const FIND_RATE_WEIGHT = 0.05;

/** The first detection of something new. */
export function startTrack(id: number, finding: Finding, timeMs: number): Track {
  const { label, score, box, region } = finding;
  return {
    id,
    label,
    startTimeMs: timeMs,
    lastSeenMs: timeMs,
    box,
    score,
    region,
    scores: [score],
    topScore: 0,
    truePositive: false,
    confirmed: false,
    hits: 1,
    missed: 0,
    lostSinceMs: timeMs,
    findRate: FIRST_FIND_RATE,
    place: startPlace(box),
    stationary: false,
    motion: startBox(box),
    believedAtMs: timeMs,
  };
}

/** The track carried forward to the time of the next frame, before what that frame shows is known. */
export function predictTrack(track: Track, timeMs: number): Track {
  const seconds = Math.max(0, timeMs - track.believedAtMs) / 1000;
  const motion = predictBox(track.motion, seconds, track.lastSeenMs < track.believedAtMs);
  return { ...track, motion, believedAtMs: timeMs };
}

/** Where a predicted track should be. What rests is where it was most of the time. */
export function predictedBox(track: Track): Box {
  return isAtRest(track) ? medianBox(track.place.recent) : boxOf(track.motion);
}

/** Whether a track is stationary and its latest look agrees; where that does not, it may be setting out: look again. */
export function isAtRest(track: Track): boolean {
  return track.stationary && !seemsElsewhere(track.place);
}

/** A predicted track and the detection that continues it. */
export function continueTrack(track: Track, finding: Finding, rules: TrackRules): Track {
  const { score, box, region } = finding;
  const place = seenAt(track.place, box, rules.stationaryAfter);
  const stationary = place.motionlessFrames >= rules.stationaryAfter;
  const motion = correctBox(track.motion, box);
  // The looks in vain before this one are counted now that they are known to have been the detector's fault.
  const findRate = track.findRate * (1 - FIND_RATE_WEIGHT) ** (track.missed + 1) + FIND_RATE_WEIGHT;
  return {
    ...track,
    lastSeenMs: track.believedAtMs,
    box,
    score,
    region,
    scores: addScore(track.scores, score),
    hits: track.hits + 1,
    missed: 0,
    findRate,
    place,
    stationary,
    motion: stationary ? stopBox(motion) : motion,
  };
}

/** A predicted track found under another label: it is there, but its own label has gained nothing by it. */
export function keepTrack(track: Track, finding: Finding, rules: TrackRules): Track {
  return { ...continueTrack(track, finding, rules), score: track.score, scores: track.scores };
}

/**
 * A predicted track that was looked for in vain.
 * @param sinceMs the time of the frame before.
 */
export function missTrack(track: Track, sinceMs: number): Track {
  return {
    ...track,
    scores: addScore(track.scores, 0),
    missed: track.missed + 1,
    lostSinceMs: track.missed === 0 ? sinceMs : track.lostSinceMs,
  };
}

/** A predicted track that nobody looked for: nothing is known against it. */
export function coastTrack(track: Track, rules: TrackRules): Track {
  if (track.missed > 0) return track;
  const place = stayed(track.place, rules.stationaryAfter);
  const stationary = place.motionlessFrames >= rules.stationaryAfter;
  return { ...track, place, stationary, motion: stationary ? stopBox(track.motion) : track.motion };
}

/** Draws the conclusions from a new score: whether it is an object, and one to be believed. */
export function believeTrack(track: Track, rules: TrackRules): Track {
  const median = medianScore(track.scores);
  const confirmed = track.confirmed || track.hits >= rules.minInitialized;
  return {
    ...track,
    confirmed,
    topScore: Math.max(track.topScore, median),
    truePositive: track.truePositive || (confirmed && median >= rules.threshold(track.label)),
  };
}
