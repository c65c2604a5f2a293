import type { Box } from "../../detectors/detector.ts";
import { intersectionOverUnion } from "../base/box.ts";
import { assign } from "./assignment.ts";
import { centreDistance, diagonal } from "./box.ts";
import type { Finding } from "./finding.ts";
import { areLookalikes } from "./lookalikes.ts";
import { isAtRest, predictedBox, type Track } from "./track.ts";

/** What an association joined, and what it left. */
export interface Joined {
  readonly pairs: readonly { readonly track: Track; readonly finding: Finding }[];
  readonly tracksLeft: readonly Track[];
  readonly findingsLeft: readonly Finding[];
}

/** How little a finding fits a predicted track, 0 or more; Infinity where they cannot be the same. */
export type Cost = (track: Track, finding: Finding) => number;

/** Joins predicted tracks with findings at the least sum of costs. */
export function associate(tracks: readonly Track[], findings: readonly Finding[], costOf: Cost): Joined {
  const pairs = assign(tracks.map((track) => findings.map((finding) => costOf(track, finding)))).flatMap(
    ({ row, column }) => {
      const track = tracks[row];
      const finding = findings[column];
      return track === undefined || finding === undefined ? [] : [{ track, finding }];
    },
  );
  const joinedTracks = new Set(pairs.map(({ track }) => track));
  const joinedFindings = new Set(pairs.map(({ finding }) => finding));
  return {
    pairs,
    tracksLeft: tracks.filter((track) => !joinedTracks.has(track)),
    findingsLeft: findings.filter((finding) => !joinedFindings.has(finding)),
  };
}

// Overlap or nearness that makes a finding a candidate at all. At 5 frames a second a running person or a car may
// leave its own box between two frames before its velocity is known, hence nearness: within half a box's diagonal.
const MIN_IOU = 0.1;
const REACH_DIAGONALS = 0.5;
/** Of what rests, the place is known: whatever passes by must not take its name. */
const MIN_IOU_AT_REST = 0.3;

/** Little overlap and a far centre both cost, as in Distance-IoU (Zheng et al. 2020); out of reach is no candidate. */
export function expectedThere(track: Track, finding: Finding): number {
  if (track.label !== finding.label) return Infinity;
  const expected = predictedBox(track);
  const overlap = intersectionOverUnion(expected, finding.box);
  const distance = centreDistance(expected, finding.box) / diagonal(expected);
  const isCandidate = isAtRest(track)
    ? overlap >= MIN_IOU_AT_REST
    : overlap >= MIN_IOU || distance <= REACH_DIAGONALS;
  return isCandidate ? 1 - overlap + distance : Infinity;
}

/** A doubtful detection must lie where the track was expected (ByteTrack's second association). */
const MIN_IOU_DOUBTFUL = 0.5;

/** For detections of low score. */
export function exactlyThere(track: Track, finding: Finding): number {
  if (track.label !== finding.label) return Infinity;
  return costAbove(MIN_IOU_DOUBTFUL, predictedBox(track), finding.box);
}

/** What the detector now calls something alike must lie just here. */
const MIN_IOU_OTHER_LABEL = 0.7;

/** For detections of other labels. */
export function sameBoxOtherLabel(track: Track, finding: Finding): number {
  if (!areLookalikes(track.label, finding.label)) return Infinity;
  return costAbove(MIN_IOU_OTHER_LABEL, predictedBox(track), finding.box);
}

// Who comes out from behind something may have turned or stopped there: near where it vanished, and the farther off the
// longer that is ago. A walker makes about 0.8 of his height in a second.
const REACH_PER_SECOND_DIAGONALS = 0.5;
const LONGEST_REACH_DIAGONALS = 2;
const LARGEST_SIZE_RATIO = 1.6;

/** For tracks that were lost: measured from where they were last seen, not from where they were believed to go. */
export function nearWhereItVanished(track: Track, finding: Finding): number {
  if (track.label !== finding.label) return Infinity;
  // What rested has only just set out, wherever else something like it appears.
  const goneSeconds = track.stationary ? 0 : (track.believedAtMs - track.lastSeenMs) / 1000;
  const reach = Math.min(LONGEST_REACH_DIAGONALS, REACH_DIAGONALS + REACH_PER_SECOND_DIAGONALS * goneSeconds);
  const distance = centreDistance(track.box, finding.box) / diagonal(track.box);
  const before = track.box[3] - track.box[1];
  const now = finding.box[3] - finding.box[1];
  const sizeRatio = Math.max(before, now) / Math.max(1, Math.min(before, now));
  return distance <= reach && sizeRatio <= LARGEST_SIZE_RATIO ? distance + sizeRatio : Infinity;
}

function costAbove(minimum: number, expected: Box, found: Box): number {
  const overlap = intersectionOverUnion(expected, found);
  return overlap >= minimum ? 1 - overlap : Infinity;
}
