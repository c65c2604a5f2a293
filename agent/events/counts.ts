import type { CameraConfig } from "../config/schema.ts";
import type { ObjectEvent } from "./event.ts";
import type { Lifecycle } from "./lifecycle.ts";

/** Objects of a camera or a zone. */
export interface Count {
  readonly inView: number;
  /** Those that are not stationary. */
  readonly active: number;
}

/** Counts by the name of the camera or zone (camera first), then by label, with the sum under `all`. */
export type Counts = ReadonlyMap<string, ReadonlyMap<string, Count>>;

/** Counts the true positives in view of a camera and in its zones, including zeros. */
export function countObjects(
  lifecycle: Lifecycle,
  { name, objects, zones }: Pick<CameraConfig, "name" | "objects" | "zones">,
): Counts {
  const real = [...lifecycle.values()]
    .filter((object) => !object.now.false_positive && !object.hasLeft)
    .map(({ now }) => now);
  return new Map([
    [name, countByLabel(real, objects.track)],
    ...zones.map((zone) => {
      const inZone = real.filter(({ current_zones }) => current_zones.includes(zone.name));
      const labels = zone.objects.length > 0 ? zone.objects : objects.track;
      return [zone.name, countByLabel(inZone, labels)] as const;
    }),
  ]);
}

function countByLabel(
  objects: readonly ObjectEvent[],
  labels: readonly string[],
): ReadonlyMap<string, Count> {
  const count = (counted: readonly ObjectEvent[]): Count => ({
    inView: counted.length,
    active: counted.filter((object) => object.active).length,
  });
  return new Map([
    ...labels.map((label) => [label, count(objects.filter((object) => object.label === label))] as const),
    ["all", count(objects)] as const,
  ]);
}
