import { ZoneFilterSchema } from "../../config/filter-schema.ts";
import type { CameraConfig, ZoneConfig } from "../../config/schema.ts";
import { ZonesSchema } from "../../config/zones-schema.ts";
import type { CameraSetup, ZoneSetup } from "../page/protocol.ts";

/** The settings of a camera that the page draws. */
export function setupOfCamera({
  name,
  detect,
  zones,
  motion,
  objects,
}: Pick<CameraConfig, "name" | "detect" | "zones" | "motion" | "objects">): CameraSetup {
  return {
    name,
    fps: detect.fps,
    zones: zones.map(setupOfZone),
    motionMasks: motion.mask,
    objectMasks: objects.mask,
  };
}

/** A zone with its other settings, so that they are not lost when the user pastes the edited zone. */
function setupOfZone({ name, coordinates, filters, ...others }: ZoneConfig): ZoneSetup {
  const [standard] = ZonesSchema.parse({ any: { coordinates: "0,0,1,0,1,1" } });
  const standardFilter = ZoneFilterSchema.parse({});
  const written = Object.entries(filters).map(([label, filter]) => [
    label,
    differing(filter, standardFilter),
  ]);
  return {
    name,
    corners: coordinates,
    settings: {
      ...differing(others, standard ?? {}),
      ...(written.length > 0 ? { filters: Object.fromEntries(written) } : {}),
    },
  };
}

/** The entries that differ from `standard`. */
function differing(settings: object, standard: object): Record<string, unknown> {
  const defaults = new Map<string, unknown>(Object.entries(standard));
  return Object.fromEntries(
    Object.entries(settings).filter(
      ([key, value]) => JSON.stringify(value) !== JSON.stringify(defaults.get(key)),
    ),
  );
}
