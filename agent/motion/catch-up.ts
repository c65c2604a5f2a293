import type { Clock } from "../base/clock.ts";
import type { Sighting } from "./watch-motion.ts";

/** The most data of decoded frames that waits for the detector: 33 frames of 768×432. */
const WAITING_BYTES = 16 * 2 ** 20;

/**
 * Finds the frames of one camera that arrive in a burst, faster than they were taken. These are the frames that were kept
 * since the last key frame and are decoded when something moves. Those with motion wait for the detector (`newestOnly`).
 * Otherwise, a person who passes between two key frames would be seen in the newest frame only, or not at all. A burst ends,
 * so the detector catches up.
 * @returns called for each sighting as it arrives, with the number of sightings that wait.
 */
export function catchingUp(clock: Pick<Clock, "monotonicMs">): (one: Sighting, waiting: number) => boolean {
  let arrivedMs = Number.NEGATIVE_INFINITY;
  let takenMs = Number.NEGATIVE_INFINITY;
  return ({ frame, motion }, waiting) => {
    const nowMs = clock.monotonicMs();
    const isFaster = nowMs - arrivedMs < (frame.timeMs - takenMs) * FASTER_SHARE;
    arrivedMs = nowMs;
    takenMs = frame.timeMs;
    const moves = motion !== undefined && motion.boxes.length > 0;
    return isFaster && moves && (waiting + 1) * frame.planes.length <= WAITING_BYTES;
  };
}

/** Frames of a live camera arrive early or late, but seldom by half an interval. */
const FASTER_SHARE = 0.5;
