import {
  associate,
  exactlyThere,
  expectedThere,
  nearWhereItVanished,
  sameBoxOtherLabel,
} from "./association.ts";
import type { Finding } from "./finding.ts";
import { visibleShare } from "./looked.ts";
import { predictedBox, type Track } from "./track.ts";

/** Which predicted track each finding continues, by the id of the track. */
export interface Match {
  readonly continued: ReadonlyMap<number, Finding>;
  /** Found where they were expected, but under another label. */
  readonly renamed: ReadonlyMap<number, Finding>;
  /** Findings of low score continue tracks, but begin none: these are the others that are left. */
  readonly left: readonly Finding[];
}

/** Seen by less than half, it was leaving the picture: who comes in there later is somebody else. */
const LEAVING_SHARE = 0.5;

/**
 * Joins findings with predicted tracks in ByteTrack's order (Zhang et al. 2022), and two steps more against
 * fragments: sure findings go to confirmed tracks first, then doubtful ones to confirmed tracks that were in view a frame
 * ago, then the sure ones left over to tracks not yet confirmed, to tracks that vanished nearby, and to believed objects
 * that the detector now calls something alike.
 */
export function matchFindings(
  predicted: readonly Track[],
  findings: readonly Finding[],
  {
    isSure,
    picture,
  }: {
    isSure(finding: Finding): boolean;
    readonly picture: { readonly width: number; readonly height: number };
  },
): Match {
  const confirmed = associate(
    predicted.filter((track) => track.confirmed),
    findings.filter(isSure),
    expectedThere,
  );
  const inView = associate(
    confirmed.tracksLeft.filter((track) => track.missed === 0 || track.stationary),
    findings.filter((finding) => !isSure(finding)),
    exactlyThere,
  );
  const tentative = associate(
    predicted.filter((track) => !track.confirmed),
    confirmed.findingsLeft,
    expectedThere,
  );
  const found = new Set(inView.pairs.map(({ track }) => track));
  const lost = confirmed.tracksLeft.filter((track) => !found.has(track));
  const refound = associate(
    lost.filter((track) => visibleShare(predictedBox(track), picture) >= LEAVING_SHARE),
    tentative.findingsLeft,
    nearWhereItVanished,
  );
  const refoundTracks = new Set(refound.pairs.map(({ track }) => track));
  const renamed = associate(
    lost.filter((track) => track.truePositive && !refoundTracks.has(track)),
    refound.findingsLeft,
    sameBoxOtherLabel,
  );
  return {
    continued: byTrack([...confirmed.pairs, ...inView.pairs, ...tentative.pairs, ...refound.pairs]),
    renamed: byTrack(renamed.pairs),
    left: renamed.findingsLeft,
  };
}

function byTrack(
  pairs: readonly { readonly track: Track; readonly finding: Finding }[],
): ReadonlyMap<number, Finding> {
  return new Map(pairs.map(({ track, finding }) => [track.id, finding] as const));
}
