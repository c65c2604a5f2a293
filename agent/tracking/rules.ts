import { type CameraConfig, objectFilter } from "../config/schema.ts";
import type { TrackerOptions } from "./tracker.ts";

/**
 * Below this a detection is noise. Between it and `min_score` it begins nothing, but may continue a track: ByteTrack's
 * lower threshold.
 */
const DOUBTFUL_SCORE = 0.1;

/** The lowest score a camera wants to hear of from the detector. */
export function lowestScore({ objects }: Pick<CameraConfig, "objects">): number {
  const scores = objects.track.map((label) => objectFilter(objects, label).min_score);
  return Math.min(DOUBTFUL_SCORE, ...scores);
}

/**
 * The tracker's rules as a camera's configuration gives them.
 * @param picture size of the frames, pixels.
 */
export function trackerOptions(
  { detect, objects }: Pick<CameraConfig, "detect" | "objects">,
  picture: { readonly width: number; readonly height: number },
): TrackerOptions {
  return {
    minInitialized: detect.min_initialized,
    maxDisappearedMs: (detect.max_disappeared / detect.fps) * 1000,
    stationaryAfter: detect.stationary.threshold,
    minScore: (label) => objectFilter(objects, label).min_score,
    threshold: (label) => objectFilter(objects, label).threshold,
    picture,
  };
}
