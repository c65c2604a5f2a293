import { type Box, enlarged, shareInside } from "../base/box.ts";

/** A spot where motion comes from no object: a bush, a flag, a reflection. */
interface UnproductiveSpot {
  readonly box: Box;
  /** Consecutive detection passes that found nothing new there. */
  readonly passes: number;
  readonly lastMs: number;
}

/** Where recent detection passes found nothing new although something moved. */
export type UnproductiveMotion = readonly UnproductiveSpot[];

/** Before the first frame. */
export const NO_UNPRODUCTIVE_MOTION: UnproductiveMotion = [];

/** A tree in the wind costs one detection pass in two seconds; an object that appears from behind it waits no longer. */
const LONGEST_WAIT_MS = 2_000;
const FORGOTTEN_AFTER_MS = 30_000;
/** Motion belongs to a spot if at least this share of it lies inside the spot, enlarged by the margin. */
const SPOT_MARGIN = 0.3;
const SAME_SPOT = 0.8;

/** Whether motion justifies a detection pass: at once at a new spot, after 1, 2, 4 … frames at an unproductive one. */
export function isWorthDetecting(
  unproductive: UnproductiveMotion,
  motion: Box,
  timeMs: number,
  frameMs: number,
): boolean {
  return unproductive.every(({ box, passes, lastMs }) => {
    if (!isSameSpot(motion, box)) return true;
    const waitMs = Math.min(frameMs * 2 ** (passes - 1), LONGEST_WAIT_MS);
    // Frames may arrive slightly early or late.
    return timeMs - lastMs >= waitMs - frameMs / 2;
  });
}

/** Records that the detector found nothing new where this motion was. */
export function recordUnproductive(
  unproductive: UnproductiveMotion,
  motion: Box,
  timeMs: number,
): UnproductiveMotion {
  const recent = unproductive.filter(({ lastMs }) => timeMs - lastMs < FORGOTTEN_AFTER_MS);
  const isSame = ({ box }: UnproductiveSpot) => isSameSpot(motion, box);
  const passes = Math.max(0, ...recent.filter(isSame).map((spot) => spot.passes)) + 1;
  return [...recent.filter((spot) => !isSame(spot)), { box: motion, passes, lastMs: timeMs }];
}

/** Removes the spots where the detector has found an object. */
export function clearUnproductive(unproductive: UnproductiveMotion, found: Box): UnproductiveMotion {
  return unproductive.filter(({ box }) => !isSameSpot(found, box));
}

function isSameSpot(motion: Box, spot: Box): boolean {
  return shareInside(motion, enlarged(spot, SPOT_MARGIN)) >= SAME_SPOT;
}
