import type { ContestantName, Row } from "./row.ts";

/** How many cameras a contestant takes. */
export interface Capacity extends ContestantName {
  readonly scene: string;
  /** The greatest number with which it held; 0: not even one. */
  readonly capacity: number;
  /** Frames that it might lose. */
  readonly tolerance_percent: number;
  /** Whether it held with as many as were tried: it may take more. */
  readonly limited: boolean;
  /** The most frames per second that it inferred in any trial: of a script that takes no camera, how far it is from it. */
  readonly most_inferred_per_second: number;
}

/**
 * The greatest number that holds, found by doubling and halving; a number counts as too many when it failed twice in a row.
 * Who holds a number is taken to hold every smaller one.
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
 * Whether no more frames were lost than this. Frames gated are not lost: the gate has seen that nothing needs a look.
 * @param mostLostPercent 0: not a single one may be dropped before the detector or missed before that
 */
export function held(row: Row, mostLostPercent: number): boolean {
  return row.lost_percent <= mostLostPercent;
}

/** Sums up the trials of one contestant, at least one. */
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
