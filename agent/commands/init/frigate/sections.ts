import { isMapping, type Mapping } from "../../../base/mapping.ts";
import { HardwareArgsSchema } from "../../../config/hardware-schema.ts";
import { type Areas, maskIn } from "./areas.ts";
import type { Remarks } from "./remarks.ts";
import { flagOf, mappingOf, namesOf, numberOf, withValues } from "./values.ts";

/** What the translation of a section needs. */
export interface SectionContext {
  /** The place of the section, for remarks: `objects`, or `cameras.front.objects`. */
  readonly key: string;
  readonly remarks: Remarks;
  readonly areas: Areas;
  /** The labels of the module. */
  readonly labels: readonly string[];
  /** Whether `min_score` and `threshold`, which were chosen for another detector, are kept. */
  readonly keepThresholds: boolean;
}

function whole(value: unknown): number | undefined {
  const number = numberOf(value);
  return number === undefined ? undefined : Math.round(number);
}

/** Names of presets in earlier versions of Frigate. */
const RENAMED_PRESETS: Readonly<Record<string, string>> = {
  "preset-nvidia-h264": "preset-nvidia",
  "preset-nvidia-h265": "preset-nvidia",
  "preset-nvidia-mjpeg": "preset-nvidia",
  "preset-rk-h264": "preset-rkmpp",
  "preset-rk-h265": "preset-rkmpp",
  "preset-rpi-32-h264": "preset-rpi-64-h264",
  "preset-intel-vaapi": "preset-vaapi",
  "preset-amd-vaapi": "preset-vaapi",
};

/** `ffmpeg`, without inputs. */
export function translateFfmpeg(ffmpeg: Mapping, { key, remarks }: SectionContext): Mapping | undefined {
  return withValues({
    hwaccel_args: translateHardware(ffmpeg.hwaccel_args, `${key}.hwaccel_args`, remarks),
    retry_interval: limited(numberOf(ffmpeg.retry_interval), 1, 3600),
  });
}

/** The hardware decoder; undefined if there is none, or none that Sabrewing accepts. */
export function translateHardware(args: unknown, key: string, remarks: Remarks): unknown {
  const isNone =
    args === undefined || args === null || args === "" || (Array.isArray(args) && args.length === 0);
  if (isNone) return undefined;
  if (args === "auto") {
    remarks.add("dropped", key, "Sabrewing decodes in software unless a decoder is named");
    return undefined;
  }
  const renamed = RENAMED_PRESETS[String(args)] ?? args;
  const checked = HardwareArgsSchema.safeParse(renamed);
  if (checked.success) return renamed;
  remarks.add(
    "dropped",
    key,
    checked.error.issues[0]?.message ?? "Sabrewing does not accept these arguments",
  );
  return undefined;
}

function limited(number: number | undefined, least: number, most: number): number | undefined {
  return number === undefined ? undefined : Math.min(most, Math.max(least, number));
}

/** `detect` */
export function translateDetect(detect: Mapping, { key, remarks }: SectionContext): Mapping | undefined {
  const [width, height] = [whole(detect.width), whole(detect.height)];
  const hasSize = width !== undefined && height !== undefined;
  if (!hasSize && (width ?? height) !== undefined) {
    remarks.add(
      "dropped",
      `${key}.${width === undefined ? "height" : "width"}`,
      "has no effect without the other side",
    );
  }
  const stationary = mappingOf(detect.stationary);
  return withValues({
    enabled: flagOf(detect.enabled),
    ...(hasSize ? { width, height } : {}),
    fps: numberOf(detect.fps),
    min_initialized: whole(detect.min_initialized),
    max_disappeared: whole(detect.max_disappeared),
    stationary: withValues({
      threshold: whole(stationary.threshold),
      interval: whole(stationary.interval),
    }),
  });
}

/** `motion` */
export async function translateMotion(
  motion: Mapping,
  { key, remarks, areas }: SectionContext,
): Promise<Mapping | undefined> {
  if (flagOf(motion.enabled) === false) {
    remarks.add("dropped", `${key}.enabled`, "in Sabrewing, false makes the detector run on every frame");
  }
  return withValues({
    threshold: whole(motion.threshold),
    contour_area: whole(motion.contour_area),
    improve_contrast: flagOf(motion.improve_contrast),
    lightning_threshold: numberOf(motion.lightning_threshold),
    delta_alpha: numberOf(motion.delta_alpha),
    frame_alpha: numberOf(motion.frame_alpha),
    frame_height: whole(motion.frame_height),
    mqtt_off_delay: numberOf(motion.mqtt_off_delay),
    mask: await maskIn(areas, `${key}.mask`, motion.mask),
  });
}

/** `objects`. A list of labels that are all unknown to the module becomes an empty list. */
export async function translateObjects(
  objects: Mapping,
  context: SectionContext,
): Promise<Mapping | undefined> {
  const { key, areas } = context;
  const tracked = namesOf(objects.track);
  const track = tracked && knownLabels(tracked, context);
  const filters: [string, Mapping][] = [];
  for (const [label, filter] of Object.entries(mappingOf(objects.filters))) {
    if (!isMapping(filter) || knownLabels([label], context).length === 0) continue;
    const own = `${key}.filters.${label}`;
    const mask = await maskIn(areas, `${own}.mask`, filter.mask);
    const translated = withValues({ ...translateFilter(filter, own, context), mask });
    if (translated !== undefined) filters.push([label, translated]);
  }
  return withValues({
    track,
    mask: await maskIn(areas, `${key}.mask`, objects.mask),
    filters: withValues(Object.fromEntries(filters)),
  });
}

function knownLabels(
  labels: readonly string[],
  { labels: known, remarks }: SectionContext,
): readonly string[] {
  for (const label of labels.filter((name) => !known.includes(name))) {
    remarks.add("dropped", `label ${label}`, "the module does not detect it");
  }
  return labels.filter((label) => known.includes(label));
}

function translateFilter(filter: Mapping, key: string, { keepThresholds, remarks }: SectionContext): Mapping {
  const scores = withValues({ min_score: numberOf(filter.min_score), threshold: numberOf(filter.threshold) });
  if (scores !== undefined && !keepThresholds) {
    remarks.add(
      "dropped",
      `${key}.${Object.keys(scores).join(" and ")}`,
      "chosen for the scores of another detector; --keep-thresholds keeps them",
    );
  }
  return {
    ...withValues({
      min_area: numberOf(filter.min_area),
      max_area: numberOf(filter.max_area),
      min_ratio: numberOf(filter.min_ratio),
      max_ratio: numberOf(filter.max_ratio),
    }),
    ...(keepThresholds ? scores : {}),
  };
}

/** A zone, or undefined if it is disabled or has no area. */
export async function translateZone(
  zone: Mapping,
  corners: readonly number[],
  track: readonly string[],
  context: SectionContext,
): Promise<Mapping | undefined> {
  const { key, areas, remarks } = context;
  if (flagOf(zone.enabled) === false) {
    remarks.add("dropped", key, "the zone is disabled");
    return undefined;
  }
  const coordinates = await areas.written(`${key}.coordinates`, corners);
  if (coordinates === undefined) return undefined;
  const wanted = namesOf(zone.objects) ?? [];
  const objects = wanted.filter((label) => track.includes(label));
  if (wanted.length > 0 && objects.length === 0) {
    remarks.add("dropped", key, "the camera tracks none of the zone's labels");
    return undefined;
  }
  const inZone = objects.length > 0 ? objects : track;
  const filters = Object.entries(mappingOf(zone.filters))
    .filter(([label]) => inZone.includes(label))
    .map(([label, filter]) => [
      label,
      withValues(translateFilter(mappingOf(filter), `${key}.filters.${label}`, context)),
    ]);
  return {
    coordinates,
    ...withValues({
      inertia: whole(zone.inertia),
      loitering_time: numberOf(zone.loitering_time),
      objects: objects.length === 0 ? undefined : objects,
      filters: withValues(Object.fromEntries(filters)),
    }),
  };
}

/** `review` @param zoneNames the new names of the camera's zones; undefined: zones are left to the cameras */
export function translateReview(
  review: Mapping,
  zoneNames: ReadonlyMap<string, string> | undefined,
): Mapping | undefined {
  const severity = (value: unknown) => {
    const { enabled, labels, required_zones: zones, cutoff_time: cutoff } = mappingOf(value);
    return withValues({
      enabled: flagOf(enabled),
      labels: labels === null ? undefined : namesOf(labels),
      required_zones:
        zoneNames === undefined ? undefined : namesOf(zones)?.flatMap((zone) => zoneNames.get(zone) ?? []),
      cutoff_time: numberOf(cutoff),
    });
  };
  return withValues({ alerts: severity(review.alerts), detections: severity(review.detections) });
}

/** Days after which snapshots are deleted. */
export function retainDays(snapshots: Mapping): number | undefined {
  return numberOf(mappingOf(snapshots.retain).default);
}
