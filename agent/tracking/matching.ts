import { visibleShare } from "../attention/coverage.ts";
import type { Size } from "../base/box.ts";
import type { FrameDetection } from "../detection/detect-regions.ts";
import {
  associate,
  costOfLowScore,
  costOfOtherLabel,
  costWhereLost,
  costWherePredicted,
} from "./association.ts";
import { predictedBox, type Track } from "./track.ts";

/** Which predicted track each detection continues, by the id of the track. */
export interface Match {
  readonly continued: ReadonlyMap<number, FrameDetection>;
  /** Detected at the predicted place, but with another label. */
  readonly relabelled: ReadonlyMap<number, FrameDetection>;
  /** The remaining detections with a sure score. Detections of low score may continue tracks, but start none. */
  readonly left: readonly FrameDetection[];
}

/** An object is leaving if less than this share of it is inside the frame: one that enters there later is another object. */
const LEAVING_SHARE = 0.5;

/**
 * Matches detections with predicted tracks in ByteTrack's order (Zhang et al. 2022), with two more steps against
 * fragmented tracks:
 * 1. sure detections with confirmed tracks;
 * 2. detections of low score with confirmed tracks that were in view a frame ago;
 * 3. remaining sure detections with tracks not yet confirmed;
 * 4. remaining sure detections with tracks lost nearby;
 * 5. remaining sure detections with true positives of a confusable label.
 */
export function matchDetections(
  predicted: readonly Track[],
  detections: readonly FrameDetection[],
  { isSure, frame }: { isSure(detection: FrameDetection): boolean; readonly frame: Size },
): Match {
  const confirmed = associate(
    predicted.filter((track) => track.confirmed),
    detections.filter(isSure),
    costWherePredicted,
  );
  const inView = associate(
    confirmed.tracksLeft.filter((track) => track.missed === 0 || track.stationary),
    detections.filter((detection) => !isSure(detection)),
    costOfLowScore,
  );
  const tentative = associate(
    predicted.filter((track) => !track.confirmed),
    confirmed.detectionsLeft,
    costWherePredicted,
  );
  const found = new Set(inView.pairs.map(({ track }) => track));
  const lost = confirmed.tracksLeft.filter((track) => !found.has(track));
  const recovered = associate(
    lost.filter((track) => visibleShare(predictedBox(track), frame) >= LEAVING_SHARE),
    tentative.detectionsLeft,
    costWhereLost,
  );
  const recoveredTracks = new Set(recovered.pairs.map(({ track }) => track));
  const relabelled = associate(
    lost.filter((track) => track.truePositive && !recoveredTracks.has(track)),
    recovered.detectionsLeft,
    costOfOtherLabel,
  );
  return {
    continued: byTrack([...confirmed.pairs, ...inView.pairs, ...tentative.pairs, ...recovered.pairs]),
    relabelled: byTrack(relabelled.pairs),
    left: relabelled.detectionsLeft,
  };
}

function byTrack(
  pairs: readonly { readonly track: Track; readonly detection: FrameDetection }[],
): ReadonlyMap<number, FrameDetection> {
  return new Map(pairs.map(({ track, detection }) => [track.id, detection] as const));
}
