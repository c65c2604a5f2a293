import type { Box } from "../../detectors/detector.ts";
import { isCutOff, isPieceOf } from "../base/cut-off.ts";
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
/**
 * What stands still is looked at seldom, and in poor light the detector finds it in some looks only. It is gone once as
 * many looks in vain in a row would happen by chance as seldom as this, but after so many at the latest.
 */
const CHANCE = 1e-5;
const LOOKS_IN_VAIN_AT_MOST = 40;

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
    if (finding !== undefined) return continueTrack(predicted, whole(finding, predicted, options), options);
    const other = renamed.get(predicted.id);
    if (other !== undefined) return keepTrack(predicted, other, options);
    const isMissed = wasLookedFor(predictedBox(predicted), looked, options.picture);
    return isMissed ? missTrack(predicted, sinceMs) : coastTrack(predicted, options);
  });
  const isKnown = (finding: Finding) =>
    isCutOff(finding, options.picture) &&
    before.some(({ predicted }) => {
      return predicted.label === finding.label && isPieceOf(finding.box, predictedBox(predicted));
    });
  const started = left
    .filter((finding) => !isKnown(finding))
    .map((finding, index) => startTrack(tracker.nextId + index, finding, timeMs));
  return {
    nextId: tracker.nextId + started.length,
    tracks: believeAll([...followed.filter((track) => !isGone(track, options)), ...started], timeMs, options),
  };
}

/** A finding that its region cut off shows that the object is there, but not how far it reaches: that is as expected. */
function whole(finding: Finding, predicted: Track, { picture }: TrackerOptions): Finding {
  const expected = predictedBox(predicted);
  return isCutOff(finding, picture) && isPieceOf(finding.box, expected)
    ? { ...finding, box: expected }
    : finding;
}

function isGone(track: Track, { maxDisappearedMs }: TrackerOptions): boolean {
  if (!track.confirmed) {
    return track.missed > 0 || track.believedAtMs - track.lastSeenMs > maxDisappearedMs;
  }
  const looksInVain = track.stationary ? looksThatProve(track.findRate) : LOOKS_IN_VAIN;
  return track.missed >= looksInVain && track.believedAtMs - track.lostSinceMs > maxDisappearedMs;
}

function looksThatProve(findRate: number): number {
  const looks = Math.log(CHANCE) / Math.log(1 - Math.min(findRate, 0.95));
  return Math.min(LOOKS_IN_VAIN_AT_MOST, Math.ceil(looks));
}
