import type { ObjectEvent } from "./event.ts";
import type { Lifecycle } from "./lifecycle.ts";

/** Objects in view of one camera. */
export interface Count {
  readonly inView: number;
  /** Those of them that are not stationary. */
  readonly active: number;
}

/** Counts the true positives of each label, zeros included, and of all labels together under `all`. */
export function countObjects(lifecycle: Lifecycle, labels: readonly string[]): ReadonlyMap<string, Count> {
  const objects = [...lifecycle.values()].map(({ now }) => now).filter((object) => !object.false_positive);
  const count = (counted: readonly ObjectEvent[]): Count => ({
    inView: counted.length,
    active: counted.filter((object) => object.active).length,
  });
  return new Map([
    ...labels.map((label) => [label, count(objects.filter((object) => object.label === label))] as const),
    ["all", count(objects)] as const,
  ]);
}
