import type { Box, SeenObject, Sight } from "./protocol.ts";

/** The results for the latest frames of a camera. Times are Unix milliseconds on the agent's clock. */
export interface SightHistory {
  /** @param nowMs milliseconds since any fixed moment, here and below */
  add(sight: Sight, nowMs: number): void;
  /**
   * The results for a frame, with the boxes of the objects whose place in it is known: those that were found in it, shortly
   * before and after it, or that stand still. undefined: nothing is known about the frame.
   */
  at(timeMs: number): Sight | undefined;
  /** The results for the frames of the last seconds before this time, oldest first. */
  before(timeMs: number): readonly Sight[];
  /** Whether the results for a frame of this time have arrived, or do not come. */
  isKnown(timeMs: number, nowMs: number): boolean;
  /** How long to wait before a frame of this time is shown, so that its results have arrived and the video is even. */
  dueInMs(timeMs: number, nowMs: number): number;
  /** By how much longer a frame of this time has taken than the results usually take, milliseconds. */
  lateMs(timeMs: number, nowMs: number): number;
  newestMs(): number | undefined;
  clear(): void;
}

/** Video may be this much later than the results. */
const KEPT_MS = 30_000;
const MOST_KEPT = 400;
/** As long as the trails are drawn. */
const TRAIL_MS = 6_000;
/** Half of a frame of the video: its times are rounded. */
const ROUNDED_MS = 20;
/**
 * The delay of the results is the one that was not exceeded for most of this time. After an idle period the agent examines
 * older frames in quick succession: video does not wait for these.
 */
const WINDOW_MS = 10_000;
const MOST_OF_THE_TIME = 0.9;
/** No frame is held longer. */
const MOST_HELD_MS = 3_000;
const LONGEST_INTERVAL_MS = 1_000;
/** Between two detections of an object that are further apart, its place is unknown. In addition to two intervals. */
const LONGEST_GAP_MS = 1_000;
/** While nothing moves, the agent examines key frames only. */
const STILL_FOR_MS = 6_000;

/**
 * Keeps the results, so that each frame of the video gets its own: the results arrive later than the frame on a fast machine,
 * and earlier than it on a loaded one.
 * @param fps frames analysed per second while something moves
 */
export function sightHistory(fps: number): SightHistory {
  const intervalMs = Math.min(1000 / fps, LONGEST_INTERVAL_MS);
  const longestGapMs = 2 * intervalMs + LONGEST_GAP_MS;
  let sights: Sight[] = [];
  let delays: { readonly ms: number; readonly atMs: number; readonly forMs: number }[] = [];

  function delayMs(nowMs: number): number | undefined {
    const recent = delays.filter(({ atMs }) => nowMs - atMs <= WINDOW_MS).sort((a, b) => a.ms - b.ms);
    let leftMs = recent.reduce((sum, { forMs }) => sum + forMs, 0) * MOST_OF_THE_TIME;
    for (const { ms, forMs } of recent) {
      leftMs -= forMs;
      if (leftMs <= 0) return ms;
    }
    return undefined;
  }

  return {
    add(sight, nowMs) {
      const newest = sights.at(-1);
      // The clock of the agent was set back.
      if (newest !== undefined && sight.timeMs < newest.timeMs) [sights, delays] = [[], []];
      sights.push(sight);
      if (sights.length > MOST_KEPT) sights.shift();
      sights = sights.filter(({ timeMs }) => sight.timeMs - timeMs <= KEPT_MS);
      delays = delays.filter(({ atMs }) => nowMs - atMs <= WINDOW_MS);
      const forMs = nowMs - (delays.at(-1)?.atMs ?? 0);
      delays.push({ ms: nowMs - sight.timeMs, atMs: nowMs, forMs: Math.min(forMs, intervalMs) });
    },
    at(timeMs) {
      const index = sights.findLastIndex((sight) => sight.timeMs <= timeMs + ROUNDED_MS);
      const [before, after] = [sights[index], sights[index + 1]];
      if (before === undefined) return undefined;
      const isExact = timeMs - before.timeMs <= ROUNDED_MS;
      const gapMs = after === undefined ? 0 : after.timeMs - before.timeMs;
      if (!isExact && timeMs - before.timeMs > Math.max(STILL_FOR_MS, gapMs)) return undefined;
      const near = sights.filter((sight) => Math.abs(sight.timeMs - timeMs) <= 2 * longestGapMs);
      const objects = before.objects.flatMap((object): readonly SeenObject[] => {
        if (isExact && object.found) return [object];
        const box = boxBetween(placesOf(object, near), timeMs, longestGapMs);
        if (box !== undefined) return [{ ...object, box }];
        return object.still ? [object] : [];
      });
      if (isExact) return { ...before, objects };
      if (after === undefined || gapMs > longestGapMs) return { ...before, objects, motion: [], regions: [] };
      const { motion, regions } = timeMs - before.timeMs < gapMs / 2 ? before : after;
      return { ...before, objects, motion, regions };
    },
    before: (timeMs) => {
      return sights.filter((sight) => {
        return sight.timeMs <= timeMs + ROUNDED_MS && timeMs - sight.timeMs <= TRAIL_MS;
      });
    },
    isKnown: (timeMs, nowMs) => {
      return delayMs(nowMs) === undefined || (sights.at(-1)?.timeMs ?? timeMs) >= timeMs;
    },
    dueInMs(timeMs, nowMs) {
      const delay = delayMs(nowMs);
      if (delay === undefined) return 0;
      return Math.min(MOST_HELD_MS, Math.max(0, timeMs + delay + intervalMs - nowMs));
    },
    lateMs: (timeMs, nowMs) => nowMs - timeMs - (delayMs(nowMs) ?? nowMs - timeMs),
    newestMs: () => sights.at(-1)?.timeMs,
    clear() {
      [sights, delays] = [[], []];
    },
  };
}

/** Where an object was found. */
interface Place {
  readonly timeMs: number;
  readonly box: Box;
}

function placesOf({ track }: SeenObject, sights: readonly Sight[]): readonly Place[] {
  return sights.flatMap(({ timeMs, objects }) => {
    return objects.filter((one) => one.track === track && one.found).map(({ box }) => ({ timeMs, box }));
  });
}

/**
 * The box of an object between two of these places: on the curve through them and their neighbours, since an object that turns
 * round is beside the straight line. undefined: its place is unknown.
 */
function boxBetween(places: readonly Place[], timeMs: number, longestGapMs: number): Box | undefined {
  const index = places.findLastIndex((place) => place.timeMs <= timeMs);
  const [first, earlier, later, last] = [-1, 0, 1, 2].map((step) => places[index + step]);
  const isClose = (one: Place, other: Place) => other.timeMs - one.timeMs <= longestGapMs;
  if (earlier === undefined || later === undefined || !isClose(earlier, later)) return undefined;
  const curve = [earlier, later];
  if (first !== undefined && isClose(first, earlier)) curve.unshift(first);
  if (last !== undefined && isClose(later, last)) curve.push(last);
  // Lagrange's polynomial.
  const weights = curve.map((place) => {
    const others = curve.filter((other) => other !== place);
    return others.reduce((w, other) => (w * (timeMs - other.timeMs)) / (place.timeMs - other.timeMs), 1);
  });
  const at = (side: 0 | 1 | 2 | 3) =>
    curve.reduce((sum, { box }, place) => sum + box[side] * (weights[place] ?? 0), 0);
  return [at(0), at(1), at(2), at(3)];
}
