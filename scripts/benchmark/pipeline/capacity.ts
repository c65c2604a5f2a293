import type { ContestantName, Row } from "./row.ts";

/** How many cameras a contestant can watch. */
export interface Capacity extends ContestantName {
  readonly scene: string;
  /** The largest number that it can watch; 0: not even one. */
  readonly capacity: number;
  /** Share of frames that it may lose. */
  readonly tolerance_percent: number;
  /** It could watch the largest number that was tried; it may be able to watch more. */
  readonly limited: boolean;
  /** Most inferences per second in any trial: shows how far a script with capacity 0 is from one camera. */
  readonly most_inferred_per_second: number;
}

/**
 * Finds the largest number of cameras that works, by doubling and bisection. A number is too large when it fails twice in a
 * row. If a number works, all smaller numbers are assumed to work.
 */
export async function greatestThatHolds(
  holds: (count: number) => Promise<boolean>,
  limit: number,
): Promise<number> {
  const holdsAtLast = async (count: number) => (await holds(count)) || (await holds(count));
  let good = 0;
  let bad = limit + 1;
  for (let count = 1; good < limit && bad > limit; count = Math.min(2 * count, limit)) {
    if (await holdsAtLast(count)) good = count;
    else bad = count;
  }
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (await holdsAtLast(middle)) good = middle;
    else bad = middle;
  }
  return good;
}

/**
 * Whether at most this share of frames was lost. Gated frames are not lost: they needed no inference.
 * @param mostLostPercent 0: no frame may be dropped or missed
 */
export function held(row: Row, mostLostPercent: number): boolean {
  return row.lost_percent <= mostLostPercent;
}

/** Summarises the trials of one contestant, at least one. */
export function toCapacity(
  trials: readonly Row[],
  capacity: number,
  { limit, tolerance }: { readonly limit: number; readonly tolerance: number },
): Capacity {
  const [first] = trials;
  if (first === undefined) throw new Error("expected at least one trial");
  const { scene, name, engine, variant, size } = first;
  return {
    scene,
    name,
    ...(engine === undefined ? {} : { engine }),
    ...(variant === undefined ? {} : { variant }),
    ...(size === undefined ? {} : { size }),
    capacity,
    tolerance_percent: tolerance,
    limited: capacity >= limit,
    most_inferred_per_second: Math.max(...trials.map(({ inferred_per_second }) => inferred_per_second)),
  };
}
