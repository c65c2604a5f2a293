import { intersectionOverUnion } from "../base/box.ts";
import type { FrameDetection } from "../detection/detect-regions.ts";
import { predictedBox, type Track } from "./track.ts";

/**
 * Where two objects of one label overlap this much (IoU), the detector may draw one box around both. Above 0.45, its
 * non-maximum suppression drops one of two boxes in any case.
 */
const ONE_BOX_IOU = 0.3;
/** Two people who pass each other are detected apart after half a second; one who stays behind the other is hidden. */
const PASSING_MS = 700;

/**
 * Whether a predicted track without a detection lies behind an object that was detected. It was in view until then, and for a
 * moment nothing contradicts its predicted place.
 * @param detected the detections that continue other tracks.
 */
export function isBehindAnother(track: Track, detected: readonly FrameDetection[]): boolean {
  if (!track.confirmed || track.missed > 0 || track.updatedMs - track.lastSeenMs > PASSING_MS) return false;
  const expected = predictedBox(track);
  return detected.some(
    ({ label, box }) => label === track.label && intersectionOverUnion(expected, box) >= ONE_BOX_IOU,
  );
}
