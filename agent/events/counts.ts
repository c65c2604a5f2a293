import type { CameraConfig } from "../config/schema.ts";
import type { ObjectEvent } from "./event.ts";
import type { Lifecycle } from "./lifecycle.ts";

/** Objects in one place. */
export interface Count {
  readonly inView: number;
  /** Those of them that are not stationary. */
  readonly active: number;
}

/** Counts by place (the camera, then each of its zones), in each by label and of all labels together under `all`. */
export type Counts = ReadonlyMap<string, ReadonlyMap<string, Count>>;

/** Counts the true positives in view of a camera and in its zones, zeros included. */
export function countObjects(
  lifecycle: Lifecycle,
  { name, objects, zones }: Pick<CameraConfig, "name" | "objects" | "zones">,
): Counts {
  const believed = [...lifecycle.values()].map(({ now }) => now).filter((object) => !object.false_positive);
  return new Map([
    [name, countByLabel(believed, objects.track)],
    ...zones.map((zone) => {
      const inZone = believed.filter(({ current_zones }) => current_zones.includes(zone.name));
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
