import { z } from "zod";

/** Labels or zones. A single one may be written as a string. */
const NamesSchema = z
  .union([z.string().min(1).max(100), z.array(z.string().min(1).max(100))], { error: "a list of names" })
  .transform((names) => (typeof names === "string" ? [names] : names));

/** Frigate's default. A camera need not track these labels. */
const ALERT_LABELS = ["person", "car"];

const requiredZones = NamesSchema.prefault([]).describe(
  "Only objects in one of these zones count; empty: objects anywhere in the frame.",
);

const AlertsSchema = z
  .strictObject({
    enabled: z.boolean().default(true).describe("false: no review becomes an alert."),
    labels: NamesSchema.prefault(ALERT_LABELS).describe("Labels whose objects make an alert."),
    required_zones: requiredZones,
    cutoff_time: z
      .number()
      .min(0)
      .default(40)
      .describe("An alert ends after this many seconds without activity that makes an alert."),
  })
  .describe("Reviews of severity alert.");

const DetectionsSchema = z
  .strictObject({
    enabled: z.boolean().default(true).describe("false: only alerts are published."),
    labels: NamesSchema.optional().describe(
      "Labels whose objects make a detection if they make no alert; default: every label that the camera tracks.",
    ),
    required_zones: requiredZones,
    cutoff_time: z
      .number()
      .min(0)
      .default(30)
      .describe("A detection ends after this many seconds without activity."),
  })
  .describe("Reviews of severity detection.");

/** Which objects make a review. Keys, meanings and defaults are Frigate's. */
export const ReviewSchema = z.strictObject({
  alerts: AlertsSchema.prefault({}),
  detections: DetectionsSchema.prefault({}),
});

export type ReviewConfig = z.output<typeof ReviewSchema>;

interface Reviewed {
  readonly review: ReviewConfig;
  readonly cameras: readonly {
    readonly name: string;
    readonly review: ReviewConfig;
    readonly objects: { readonly track: readonly string[] };
    readonly zones: readonly { readonly name: string }[];
  }[];
}

/**
 * Refuses zones that a camera does not have, and labels that no object can have: they could never make a review. A label of
 * all cameras must be tracked by at least one of them.
 */
export function checkReviews({ review, cameras }: Reviewed, context: z.RefinementCtx): void {
  // If a camera is refused, zod passes on the untransformed mapping; then there is no list to check.
  const listed: Reviewed["cameras"] = Array.isArray(cameras) ? cameras : [];
  if (listed.length === 0) return;
  const tracked = listed.flatMap(({ objects }) => objects.track);
  const refuse = (path: PropertyKey[], message: string) =>
    context.addIssue({ code: "custom", path, params: { isKey: true }, message });
  for (const severity of ["alerts", "detections"] as const) {
    const { labels: ofAll = [] } = review[severity];
    ofAll.forEach((label, index) => {
      if ([...tracked, ...ALERT_LABELS].includes(label)) return;
      refuse(["review", severity, "labels", index], "no camera tracks this label; add it to objects.track");
    });
    for (const { name, review: own, objects, zones } of listed) {
      const { labels = [], required_zones } = own[severity];
      labels.forEach((label, index) => {
        if ([...objects.track, ...ALERT_LABELS, ...ofAll].includes(label)) return;
        const path = ["cameras", name, "review", severity, "labels", index];
        refuse(path, "this camera does not track this label; add it to objects.track");
      });
      required_zones.forEach((zone, index) => {
        if (zones.some((one) => one.name === zone)) return;
        const path = ["cameras", name, "review", severity, "required_zones", index];
        refuse(path, "the camera has no zone with this name; add it to its zones");
      });
    }
  }
}
