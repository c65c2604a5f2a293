import { z } from "zod";
import { ZoneFilterSchema } from "./filter-schema.ts";
import { PolygonSchema } from "./polygon-schema.ts";
import { always, checkNames, TOPIC_NAME } from "./topic-name.ts";

const ZoneSchema = z.strictObject({
  coordinates: PolygonSchema,
  inertia: z.int().min(1).default(3).describe("Frames in a row inside before an object has entered."),
  loitering_time: z.number().min(0).default(0).describe("Seconds inside before an object has entered."),
  objects: z
    .array(z.string().min(1), { error: "a list of labels" })
    .default([])
    .describe("Labels the zone is for; none: every label the camera tracks."),
  filters: z.record(z.string().min(1), ZoneFilterSchema).default({}).describe("By label."),
});

/** Parts of a camera's picture with a name: a map in the file, a list in the program. */
export const ZonesSchema = z
  .record(z.string(), ZoneSchema)
  .superRefine(checkNames, always)
  .meta({ propertyNames: { pattern: TOPIC_NAME.source } })
  .describe("Parts of the picture, by name. An object is where the bottom centre of its box is.")
  .transform((zones) => Object.entries(zones).map(([name, zone]) => ({ name, ...zone })));

type Zones = z.output<typeof ZonesSchema>;

/** Where a zone's name was refused, zod hands the map on as it was written: there is no list to check then. */
function listed(zones: Zones): Zones {
  return Array.isArray(zones) ? zones : [];
}

/** Refuses labels in a camera's zones that the camera does not track: nothing would ever be there. */
export function checkZoneLabels(
  { zones, objects }: { readonly zones: Zones; readonly objects: { readonly track: readonly string[] } },
  context: z.RefinementCtx,
): void {
  const refuse = (path: PropertyKey[], message: string) =>
    context.addIssue({ code: "custom", path: ["zones", ...path], params: { isKey: true }, message });
  for (const zone of listed(zones)) {
    zone.objects.forEach((label, index) => {
      if (!objects.track.includes(label)) {
        refuse(
          [zone.name, "objects", index],
          "this camera does not track that label; add it to objects.track",
        );
      }
    });
    const inZone = zone.objects.length > 0 ? zone.objects : objects.track;
    for (const label of Object.keys(zone.filters).filter((name) => !inZone.includes(name))) {
      refuse(
        [zone.name, "filters", label],
        "a filter for a label that does not count in this zone does nothing",
      );
    }
  }
}

/** Refuses zones whose counts would share a topic with those of a camera or of another camera's zone. */
export function checkZoneNames(
  cameras: Readonly<Record<string, { readonly zones: Zones }>>,
  context: z.RefinementCtx,
): void {
  const cameraOfZone = new Map<string, string>();
  for (const [camera, { zones }] of Object.entries(cameras)) {
    for (const { name } of listed(zones)) {
      const owner = cameraOfZone.get(name);
      const taken =
        name in cameras ? "a camera has this name" : owner && `camera ${owner} has a zone of this name`;
      cameraOfZone.set(name, camera);
      if (taken === undefined) continue;
      const message = `${taken}, and both would count on the same topics; choose another`;
      context.addIssue({ code: "custom", path: [camera, "zones", name], params: { isKey: true }, message });
    }
  }
}
