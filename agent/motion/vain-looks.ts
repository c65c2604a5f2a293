import type { Box } from "../../detectors/detector.ts";
import { enlarged, shareInside } from "../base/box.ts";

/** A place where something moves that is nothing: a bush, a flag, a reflection. */
interface VainLook {
  readonly box: Box;
  /** How often in a row the detector looked there and found nothing new. */
  readonly times: number;
  readonly lastMs: number;
}

/** Where the detector was asked in vain lately. */
export type VainLooks = readonly VainLook[];

/** Before the first look. */
export const NO_VAIN_LOOKS: VainLooks = [];

/** A tree in the wind costs one look in two seconds; whoever steps out of it waits as long at the most. */
const LONGEST_WAIT_MS = 2_000;
const FORGOTTEN_AFTER_MS = 30_000;
/** Motion that lies in such a place, enlarged by this share, to this part is the same again. */
const PLACE_MARGIN = 0.3;
const SAME_PLACE = 0.8;

/** Whether to look at motion: at once where nobody looked in vain, and after 1, 2, 4 … frames where somebody did. */
export function isWorthALook(vain: VainLooks, motion: Box, timeMs: number, frameMs: number): boolean {
  return vain.every(({ box, times, lastMs }) => {
    if (!isSamePlace(motion, box)) return true;
    const waitMs = Math.min(frameMs * 2 ** (times - 1), LONGEST_WAIT_MS);
    // Frames come a little early or late.
    return timeMs - lastMs >= waitMs - frameMs / 2;
  });
}

/** Remembers that the detector found nothing new where this moved. */
export function rememberVainLook(vain: VainLooks, motion: Box, timeMs: number): VainLooks {
  const recent = vain.filter(({ lastMs }) => timeMs - lastMs < FORGOTTEN_AFTER_MS);
  const isSame = ({ box }: VainLook) => isSamePlace(motion, box);
  const times = Math.max(0, ...recent.filter(isSame).map((look) => look.times)) + 1;
  return [...recent.filter((look) => !isSame(look)), { box: motion, times, lastMs: timeMs }];
}

/** Forgets the looks in vain where something was found after all. */
export function forgetVainLooks(vain: VainLooks, found: Box): VainLooks {
  return vain.filter(({ box }) => !isSamePlace(found, box));
}

function isSamePlace(motion: Box, place: Box): boolean {
  return shareInside(motion, enlarged(place, PLACE_MARGIN)) >= SAME_PLACE;
}
