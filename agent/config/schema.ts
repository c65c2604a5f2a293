import { z } from "zod";
import { ROTATIONS } from "../base/rotation.ts";
import { EventsSchema } from "./events-schema.ts";
import { CommonFfmpegSchema, FfmpegSchema } from "./ffmpeg-schema.ts";
import { FilePathSchema } from "./file-path.ts";
import { FilterSchema } from "./filter-schema.ts";
import { labels } from "./labels-schema.ts";
import { MotionSchema } from "./motion-schema.ts";
import { MqttSchema } from "./mqtt-schema.ts";
import { inFractions } from "./pixel-polygons.ts";
import { MaskSchema } from "./polygon-schema.ts";
import { checkPossible } from "./possible-settings.ts";
import { HomeAssistantSchema, MetricsSchema } from "./reporting-schema.ts";
import { checkReviews, ReviewSchema } from "./review-schema.ts";
import { didYouMean } from "./suggest.ts";
import { always, checkLabels, checkNames, TOPIC_NAME } from "./topic-name.ts";
import { ViewSchema } from "./view-schema.ts";
import { checkZoneLabels, checkZoneNames, ZonesSchema } from "./zones-schema.ts";

/**
 * The single source of the configuration's type, defaults, messages and editor help. Keys that Frigate has too keep Frigate's
 * names, meanings and defaults.
 */

const positiveInteger = z.int().min(1);

/** Base64 of a DER SubjectPublicKeyInfo (RFC 8410, section 4): twelve fixed bytes, then the 32 bytes of the key. */
const ED25519_PUBLIC_KEY = /^MCowBQYDK2VwAyEA[A-Za-z0-9+/]{43}=$/;

const ModelSchema = z
  .strictObject({
    path: FilePathSchema.describe(
      "Detector module (.wasm) from sabrewing compile or pull, or a set of variants.",
    ),
    precision: z
      .enum(["auto", "f32", "i16", "i8"])
      .default("auto")
      .describe("Precision to choose from a set of variants; auto: the fastest that this engine supports."),
    sha256: z
      .string()
      .regex(/^[0-9a-fA-F]{64}$/, { error: "64 hexadecimal digits, as sabrewing inspect shows them" })
      .optional()
      .describe("SHA-256 of the module; other files are refused."),
    public_key: z
      .string()
      .regex(ED25519_PUBLIC_KEY, {
        error: "the middle line of an Ed25519 public key's PEM file (MCowBQYDK2Vw…)",
      })
      .optional()
      .describe(
        "Ed25519 public key that verifies the module's signature (<path>.sig); releases lower than one that has run are refused.",
      ),
  })
  .describe("The detector.");

const DetectorSchema = z
  .strictObject({
    runtime: z.enum(["wasmer", "v8"]).default("wasmer").describe("WebAssembly engine."),
    instances: z
      .union([z.literal("auto"), positiveInteger.max(64)], { error: "auto or a whole number from 1 to 64" })
      .default("auto")
      .describe("Detector instances that run in parallel; auto: one per camera, but one core stays free."),
    deadline_ms: z
      .int()
      .min(50)
      .max(600_000)
      .default(2000)
      .describe("Time limit of one frame, milliseconds."),
    memory_mb: positiveInteger
      .max(4096)
      .default(1024)
      .describe("Maximum size of a module's file, and of the memory of each instance, MiB."),
  })
  .describe("Engine and limits of the detector.");

const StationarySchema = z
  .strictObject({
    threshold: positiveInteger
      .optional()
      .describe("Frames without a change of position after which an object is stationary; default 10 × fps."),
    interval: positiveInteger
      .optional()
      .describe(
        "Frames between two examinations of a stationary object without motion around it; default 10 × fps.",
      ),
  })
  .describe("Objects that do not move, such as parked cars.");

export const DetectSchema = z
  .strictObject({
    enabled: z.boolean().default(true).describe("false: keep the stream open, but do not detect objects."),
    width: z.int().min(16).max(8192).optional().describe("Pixels; with height. Default: the stream's own."),
    height: z.int().min(16).max(8192).optional().describe("Pixels; with width. Default: the stream's own."),
    fps: z.number().min(0.1).max(60).default(5).describe("Frames analysed per second."),
    idle: z
      .enum(["auto", "keyframes", "all"])
      .default("auto")
      .describe(
        "Frames decoded while nothing moves; auto: key frames only, if the camera sends one at least every 2.5 s.",
      ),
    min_initialized: positiveInteger
      .optional()
      .describe("Consecutive detections that make an object; default fps / 2, at least 2."),
    max_disappeared: positiveInteger
      .optional()
      .describe("Frames without a detection after which a hidden object is gone; default 5 × fps."),
    stationary: StationarySchema.prefault({}),
  })
  .refine(({ width, height }) => (width === undefined) === (height === undefined), {
    ...always,
    error: "both width and height, or neither",
  })
  .transform((detect) => ({
    ...detect,
    min_initialized: detect.min_initialized ?? Math.max(2, Math.floor(detect.fps / 2)),
    max_disappeared: detect.max_disappeared ?? Math.max(1, Math.round(5 * detect.fps)),
    stationary: {
      threshold: detect.stationary.threshold ?? Math.max(1, Math.round(10 * detect.fps)),
      interval: detect.stationary.interval ?? Math.max(1, Math.round(10 * detect.fps)),
    },
  }))
  .describe("The frames for detection, and when an object begins and ends.");

/** The objects to track on every camera that does not override these keys. */
const CommonObjectsSchema = z
  .strictObject({
    track: labels({ least: 1 })
      .prefault(["person"])
      .describe("Labels to track; sabrewing inspect lists the labels of the model."),
    mask: MaskSchema.prefault([]).describe(
      "Mask for all labels: objects are ignored if the bottom centre of their box is inside.",
    ),
    filters: z.record(z.string().min(1), FilterSchema).default({}).describe("Object filters by label."),
  })
  .superRefine(({ track }, context) => checkLabels(track, context))
  .describe("The objects to track.");

export const ObjectsSchema = CommonObjectsSchema.superRefine(({ track, filters }, context) => {
  for (const label of Object.keys(filters).filter((name) => !track.includes(name))) {
    context.addIssue({
      code: "custom",
      path: ["filters", label],
      params: { isKey: true },
      message: `this filter has no effect: add the label to track${didYouMean(label, track)}`,
    });
  }
});

export const SnapshotsSchema = z
  .strictObject({
    enabled: z
      .boolean()
      .default(false)
      .describe("Publish a JPEG of each object. false: no image leaves the device."),
    directory: FilePathSchema.optional().describe(
      "Folder for the best JPEG of each event; default: JPEGs are not stored.",
    ),
    retain_days: z.number().min(0).default(10).describe("Days after which a stored JPEG is deleted."),
  })
  .describe("JPEGs of objects, over MQTT and on disk.");

const CameraSchema = z
  .strictObject({
    enabled: z.boolean().default(true).describe("false: do not connect to the camera."),
    ffmpeg: FfmpegSchema,
    rotate: z
      .literal([...ROTATIONS])
      .default(0)
      .describe("Clockwise rotation of the frames in degrees, for a camera that is mounted on its side."),
    detect: DetectSchema.prefault({}),
    motion: MotionSchema.prefault({}),
    objects: ObjectsSchema.prefault({}),
    zones: ZonesSchema.prefault({}),
    snapshots: SnapshotsSchema.prefault({}),
    review: ReviewSchema.prefault({}).describe(
      "Reviews of this camera; overrides the section of all cameras.",
    ),
  })
  .superRefine(checkZoneLabels)
  .transform(inFractions)
  .superRefine(checkPossible);

/** The whole file. `z.input` is the user's file, `z.output` (AgentConfig) has every default filled in. */
export const AgentConfigSchema = z
  .strictObject({
    mqtt: MqttSchema,
    model: ModelSchema,
    detector: DetectorSchema.prefault({}),
    homeassistant: HomeAssistantSchema.prefault({}),
    metrics: MetricsSchema.prefault({}),
    view: ViewSchema.prefault({}),
    events: EventsSchema.prefault({}),
    ffmpeg: CommonFfmpegSchema.optional().describe(
      "The keys of cameras.*.ffmpeg for every camera, without inputs.",
    ),
    detect: DetectSchema.optional(),
    motion: MotionSchema.optional(),
    objects: CommonObjectsSchema.optional(),
    snapshots: SnapshotsSchema.optional(),
    review: ReviewSchema.prefault({}).describe("Reviews of all cameras."),
    cameras: z
      .record(z.string(), CameraSchema)
      .superRefine(checkNames, always)
      .refine((cameras) => Object.keys(cameras).length > 0, { error: "at least one camera" })
      .superRefine(checkZoneNames)
      .meta({ propertyNames: { pattern: TOPIC_NAME.source } })
      .describe("The cameras by name.")
      .transform((cameras) => Object.entries(cameras).map(([name, camera]) => ({ name, ...camera }))),
    state_dir: FilePathSchema.optional().describe(
      "Folder for data that survives restarts; default: systemd's, else in the user's cache.",
    ),
  })
  .superRefine(checkCommonFilters)
  .superRefine(({ metrics, view }, context) => {
    const areSame = metrics.host === view.host && metrics.port === view.port && view.port !== 0;
    if (!metrics.enabled || !view.enabled || !areSame) return;
    context.addIssue({
      code: "custom",
      path: ["view", "port"],
      params: { isKey: true },
      message: "metrics uses the same port: choose another",
    });
  })
  .superRefine(checkReviews)
  .meta({ patternProperties: { "^x-": {} } })
  .describe("Configuration of sabrewing");

/** Refuses global filters of labels that no camera tracks. */
function checkCommonFilters(
  config: {
    readonly objects?: { readonly filters: Readonly<Record<string, unknown>> } | undefined;
    readonly cameras: readonly { readonly objects: { readonly track: readonly string[] } }[];
  },
  context: z.RefinementCtx,
): void {
  // If a camera is refused, zod passes on the untransformed mapping; then there is no list to check.
  if (!Array.isArray(config.cameras)) return;
  for (const label of Object.keys(config.objects?.filters ?? {})) {
    if (config.cameras.some(({ objects }) => objects.track.includes(label))) continue;
    context.addIssue({
      code: "custom",
      path: ["objects", "filters", label],
      params: { isKey: true },
      message: "this filter has no effect: no camera tracks the label",
    });
  }
}

/** A valid configuration with every default filled in and every secret read. */
export type AgentConfig = z.output<typeof AgentConfigSchema>;
export type MqttConfig = AgentConfig["mqtt"];
export type DetectorConfig = AgentConfig["detector"];
export type HomeAssistantConfig = AgentConfig["homeassistant"];
export type MetricsConfig = AgentConfig["metrics"];
export type ViewConfig = AgentConfig["view"];
export type EventsConfig = AgentConfig["events"];
/** One camera, its name included. */
export type CameraConfig = AgentConfig["cameras"][number];
export type ObjectsConfig = CameraConfig["objects"];
export type MotionConfig = CameraConfig["motion"];
export type ZoneConfig = CameraConfig["zones"][number];
export type ObjectFilter = z.output<typeof FilterSchema>;

const DEFAULT_FILTER: ObjectFilter = FilterSchema.parse({});

/** The object filter of a label on this camera, or the default filter. */
export function objectFilter(objects: ObjectsConfig, label: string): ObjectFilter {
  return objects.filters[label] ?? DEFAULT_FILTER;
}
