import type { Box } from "../../detectors/detector.ts";
import type { Finding } from "./finding.ts";
import { wasLookedFor } from "./looked.ts";
import { matchFindings } from "./matching.ts";
import { believeAll } from "./shadows.ts";
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

/** Everything a camera's tracker remembers between two frames. */
export interface Tracker {
  readonly nextId: number;
  readonly tracks: readonly Track[];
}

export interface TrackerOptions extends TrackRules {
  /** A detection below this score starts nothing; it may only continue what was in view a frame ago. */
  minScore(label: string): number;
  /** An object looked for in vain for longer than this is gone. */
  readonly maxDisappearedMs: number;
  /** Size of the frames, pixels. */
  readonly picture: { readonly width: number; readonly height: number };
}

/** Before the first frame. */
export const NO_TRACKS: Tracker = { nextId: 1, tracks: [] };

/** One look in vain is no proof, however long ago the one before it was. */
const LOOKS_IN_VAIN = 3;
/** What stands still is looked at seldom, and poor light lets the detector miss it for a while: it must not flicker. */
const LOOKS_IN_VAIN_STATIONARY = 10;

/**
 * Follows the objects of one camera a frame further: SORT (Bewley et al. 2016) with ByteTrack's matching. What was looked
 * for in vain is missed; where nobody looked, a track is carried forward, neither missed nor scored. Of what is
 * stationary, that is most of the time.
 *
 * Changes nothing it is given; the same input gives the same answer.
 * @param findings what those looks found, each object once.
 * @param looked the regions that the detector saw of this frame, in pixels of it; none: it was not asked.
 */
export function updateTracks(
  tracker: Tracker,
  findings: readonly Finding[],
  timeMs: number,
  options: TrackerOptions,
  looked: readonly Box[],
): Tracker {
  // After so long without a frame, whatever is in view now may be anybody.
  const recent = tracker.tracks.filter((track) => timeMs - track.believedAtMs <= options.maxDisappearedMs);
  const before = recent.map((track) => ({
    predicted: predictTrack(track, timeMs),
    sinceMs: track.believedAtMs,
  }));
  const { continued, renamed, left } = matchFindings(
    before.map(({ predicted }) => predicted),
    findings,
    { isSure: ({ label, score }) => score >= options.minScore(label), picture: options.picture },
  );
  const followed = before.map(({ predicted, sinceMs }) => {
    const finding = continued.get(predicted.id);
    if (finding !== undefined) return continueTrack(predicted, finding, options);
    const other = renamed.get(predicted.id);
    if (other !== undefined) return keepTrack(predicted, other, options);
    const isMissed = wasLookedFor(predictedBox(predicted), looked, options.picture);
    return isMissed ? missTrack(predicted, sinceMs) : coastTrack(predicted, options);
  });
  const started = left.map((finding, index) => startTrack(tracker.nextId + index, finding, timeMs));
  return {
    nextId: tracker.nextId + started.length,
    tracks: believeAll([...followed.filter((track) => !isGone(track, options)), ...started], timeMs, options),
  };
}

function isGone(track: Track, { maxDisappearedMs }: TrackerOptions): boolean {
  if (!track.confirmed) {
    return track.missed > 0 || track.believedAtMs - track.lastSeenMs > maxDisappearedMs;
  }
  const looksInVain = track.stationary ? LOOKS_IN_VAIN_STATIONARY : LOOKS_IN_VAIN;
  return track.missed >= looksInVain && track.believedAtMs - track.lostSinceMs > maxDisappearedMs;
}
