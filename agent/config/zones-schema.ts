import { z } from "zod";
import { ZoneFilterSchema } from "./filter-schema.ts";
import { labels } from "./labels-schema.ts";
import { PolygonSchema } from "./polygon-schema.ts";
import { didYouMean } from "./suggest.ts";
import { always, checkNames, TOPIC_NAME } from "./topic-name.ts";

const ZoneSchema = z.strictObject({
  coordinates: PolygonSchema,
  inertia: z.int().min(1).default(3).describe("Consecutive frames inside before an object has entered."),
  loitering_time: z.number().min(0).default(0).describe("Seconds inside before an object has entered."),
  objects: labels({ least: 0 })
    .prefault([])
    .describe("Labels that can enter the zone; empty: every label that the camera tracks."),
  filters: z.record(z.string().min(1), ZoneFilterSchema).default({}).describe("Object filters by label."),
});

/** Named parts of a camera's frame: a mapping in the file, a list in the program. */
export const ZonesSchema = z
  .record(z.string(), ZoneSchema)
  .superRefine(checkNames, always)
  .meta({ propertyNames: { pattern: TOPIC_NAME.source } })
  .describe("Named parts of the frame. The bottom centre of an object's box decides whether it is inside.")
  .transform((zones) => Object.entries(zones).map(([name, zone]) => ({ name, ...zone })));

type Zones = z.output<typeof ZonesSchema>;

/** If the name of a zone is refused, zod passes on the untransformed mapping; then there is no list to check. */
function listed(zones: Zones): Zones {
  return Array.isArray(zones) ? zones : [];
}

/** Refuses labels of zones that the camera does not track: they could never be in the zone. */
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
          `this camera does not track that label; add it to objects.track${didYouMean(label, objects.track)}`,
        );
      }
    });
    const inZone = zone.objects.length > 0 ? zone.objects : objects.track;
    for (const label of Object.keys(zone.filters).filter((name) => !inZone.includes(name))) {
      refuse(
        [zone.name, "filters", label],
        `this filter has no effect: the label cannot enter this zone${didYouMean(label, inZone)}`,
      );
    }
  }
}

/** Refuses zones whose counts would share a topic with a camera or with a zone of another camera. */
export function checkZoneNames(
  cameras: Readonly<Record<string, { readonly zones: Zones }>>,
  context: z.RefinementCtx,
): void {
  const cameraOfZone = new Map<string, string>();
  for (const [camera, { zones }] of Object.entries(cameras)) {
    for (const { name } of listed(zones)) {
      const owner = cameraOfZone.get(name);
      const taken =
        name in cameras ? "a camera has this name" : owner && `camera ${owner} has a zone with this name`;
      cameraOfZone.set(name, camera);
      if (taken === undefined) continue;
      const message = `${taken}, and both would publish counts on the same topics; choose another name`;
      context.addIssue({ code: "custom", path: [camera, "zones", name], params: { isKey: true }, message });
    }
  }
}
