import type { Box, Detection } from "../../detectors/detector.ts";
import { intersectionOverUnion } from "./box.ts";
import { type BoxMotion, boxOf, correctBox, predictBox, startBox } from "./box-motion.ts";

/** One object followed through the frames of one camera. */
export interface Track {
  /** Counts up within one camera. */
  readonly id: number;
  readonly label: string;
  readonly startTimeMs: number;
  /** When it was last detected. */
  readonly lastSeenMs: number;
  /** Where it was last detected, and how sure the detector was. */
  readonly box: Box;
  readonly score: number;
  /** Scores of the last ten frames, oldest first; 0 for a frame without a detection. */
  readonly scores: readonly number[];
  /** The best median so far. */
  readonly topScore: number;
  /** Once true, always true. */
  readonly truePositive: boolean;
  /** Detected in enough frames in a row to count as an object at all. */
  readonly confirmed: boolean;
  /** Frames in which it was detected. */
  readonly hits: number;
  /** Frames since it was last detected. */
  readonly missed: number;
  /** Where it stood when it last changed position, how often it did, and for how many frames it has stayed. */
  readonly anchor: Box;
  readonly positionChanges: number;
  readonly motionlessFrames: number;
  /** The belief at `believedAtMs`, the time of the last frame. */
  readonly motion: BoxMotion;
  readonly believedAtMs: number;
}

/** When a track counts. */
export interface TrackRules {
  /** Detections in a row that make an object. */
  readonly minInitialized: number;
  /** The median score from which an object of this label is believed. */
  threshold(label: string): number;
}

const SCORES_KEPT = 10;
const SCORES_PADDED_TO = 3;
/** Less overlap than this with the place it stood at: it has moved. */
const SAME_PLACE_IOU = 0.6;

/** The first detection of something new. */
export function startTrack(
  id: number,
  { label, score, box }: Detection,
  timeMs: number,
  rules: TrackRules,
): Track {
  return believed(
    {
      id,
      label,
      startTimeMs: timeMs,
      lastSeenMs: timeMs,
      box,
      score,
      scores: [score],
      topScore: 0,
      truePositive: false,
      confirmed: false,
      hits: 1,
      missed: 0,
      anchor: box,
      positionChanges: 0,
      motionlessFrames: 0,
      motion: startBox(box),
      believedAtMs: timeMs,
    },
    rules,
  );
}

/** The track carried forward to the time of the next frame, before that frame's detections are known. */
export function predictTrack(track: Track, timeMs: number): Track {
  const seconds = Math.max(0, timeMs - track.believedAtMs) / 1000;
  return { ...track, motion: predictBox(track.motion, seconds, track.missed > 0), believedAtMs: timeMs };
}

/** Where a predicted track should be. */
export function predictedBox(track: Track): Box {
  return boxOf(track.motion);
}

/** A predicted track and the detection that continues it. */
export function continueTrack(track: Track, { score, box }: Detection, rules: TrackRules): Track {
  const moved = intersectionOverUnion(track.anchor, box) < SAME_PLACE_IOU;
  return believed(
    {
      ...track,
      lastSeenMs: track.believedAtMs,
      box,
      score,
      scores: [...track.scores, score].slice(-SCORES_KEPT),
      hits: track.hits + 1,
      missed: 0,
      motion: correctBox(track.motion, box),
      anchor: moved ? box : track.anchor,
      positionChanges: track.positionChanges + (moved ? 1 : 0),
      motionlessFrames: moved ? 0 : track.motionlessFrames + 1,
    },
    rules,
  );
}

/** A predicted track that no detection continued. */
export function missTrack(track: Track): Track {
  return { ...track, scores: [...track.scores, 0].slice(-SCORES_KEPT), missed: track.missed + 1 };
}

/** The middle of the scores, as if there had been at least three: one good frame alone is worth nothing. */
export function medianScore(scores: readonly number[]): number {
  const padding = new Array<number>(Math.max(0, SCORES_PADDED_TO - scores.length)).fill(0);
  const sorted = [...scores, ...padding].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? 0;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? 0) + upper) / 2 : upper;
}

function believed(track: Track, rules: TrackRules): Track {
  const median = medianScore(track.scores);
  const confirmed = track.confirmed || track.hits >= rules.minInitialized;
  return {
    ...track,
    confirmed,
    topScore: Math.max(track.topScore, median),
    truePositive: track.truePositive || (confirmed && median >= rules.threshold(track.label)),
  };
}
