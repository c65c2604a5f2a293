import { z } from "zod";
import { CLEAR_ADDRESS, ENCODING, splitAddress } from "../base/address.ts";
import { FilterSchema } from "./filter-schema.ts";
import { MotionSchema } from "./motion-schema.ts";
import { MqttSchema } from "./mqtt-schema.ts";
import { MaskSchema } from "./polygon-schema.ts";
import { HomeAssistantSchema, MetricsSchema } from "./reporting-schema.ts";
import { always, checkLabels, checkNames, TOPIC_NAME } from "./topic-name.ts";
import { ViewSchema } from "./view-schema.ts";
import { checkZoneLabels, checkZoneNames, ZonesSchema } from "./zones-schema.ts";

/**
 * The one description of the configuration: its type, defaults, messages and editor help all come from here.
 * Key names, meanings and defaults are Frigate's wherever Frigate has the key.
 */

const positiveInteger = z.int().min(1);

/** DER of a SubjectPublicKeyInfo (RFC 8410, section 4) in base64: the same twelve bytes, then the key's 32. */
const ED25519_PUBLIC_KEY = /^MCowBQYDK2VwAyEA[A-Za-z0-9+/]{43}=$/;

const ModelSchema = z
  .strictObject({
    path: z
      .string()
      .min(1)
      .describe("The detector module (.wasm) that compile or pull wrote, or a set of variants of one."),
    precision: z
      .enum(["auto", "f32", "i16", "i8"])
      .default("auto")
      .describe("Of a set of variants only those of this precision; auto: the fastest this engine runs."),
    sha256: z
      .string()
      .regex(/^[0-9a-fA-F]{64}$/, { error: "64 hexadecimal digits, as sabrewing inspect shows them" })
      .optional()
      .describe("SHA-256 of the module; another file is refused."),
    public_key: z
      .string()
      .regex(ED25519_PUBLIC_KEY, {
        error: "the middle line of an Ed25519 public key's PEM file (MCowBQYDK2Vw…)",
      })
      .optional()
      .describe(
        "Ed25519 key that must have signed the module (<path>.sig); a release lower than one that has run is refused.",
      ),
  })
  .describe("The detector.");

const DetectorSchema = z
  .strictObject({
    runtime: z.enum(["wasmer", "v8"]).default("wasmer").describe("What executes the module."),
    instances: z
      .union([z.literal("auto"), positiveInteger.max(64)], { error: "auto or a whole number from 1 to 64" })
      .default("auto")
      .describe("Copies that run side by side; auto: one per camera, but one core stays free."),
    deadline_ms: z.int().min(50).max(600_000).default(2000).describe("Milliseconds one frame may take."),
    memory_mb: positiveInteger
      .max(4096)
      .default(1024)
      .describe("MiB that a module's file, and the memory of each copy, may have at most."),
  })
  .describe("How the detector runs.");

const InputSchema = z.strictObject({
  path: z
    .string()
    .regex(/^rtsps?:\/\/[^\s]+$/, {
      error: "an address that starts with rtsp:// or rtsps:// and has no spaces (write %20)",
      abort: true,
    })
    .refine((address) => splitAddress(address) !== undefined, {
      error: `${CLEAR_ADDRESS} (in user and password write ${ENCODING}, or put them in as "{NAME}")`,
    })
    .describe("The stream's address."),
});

const FfmpegSchema = z
  .strictObject({
    inputs: z
      .tuple([InputSchema], { error: "a list of exactly one input: the stream to detect on" })
      .describe("The stream to detect on: one per camera, best the camera's small substream."),
    retry_interval: z
      .number()
      .min(1)
      .max(3600)
      .default(10)
      .describe("Longest wait between two attempts to reopen a stream, seconds."),
    frozen_after: z
      .number()
      .min(0)
      .max(3600)
      .default(60)
      .describe("Seconds of the very same picture after which a camera is frozen; 0: it never is."),
  })
  .describe("Where the pictures come from.");

const StationarySchema = z
  .strictObject({
    threshold: positiveInteger
      .optional()
      .describe("Frames without a change of position that make an object stationary; default 10 × fps."),
    interval: positiveInteger
      .optional()
      .describe("Frames between two looks at a stationary object that nothing moves at; default 10 × fps."),
  })
  .describe("Objects that stay where they are, like parked cars.");

export const DetectSchema = z
  .strictObject({
    enabled: z.boolean().default(true).describe("false: the stream is kept open, but nothing is looked for."),
    width: z.int().min(16).max(8192).optional().describe("Pixels; with height. Default: the stream's own."),
    height: z.int().min(16).max(8192).optional().describe("Pixels; with width. Default: the stream's own."),
    fps: z.number().min(0.1).max(60).default(5).describe("Frames looked at per second."),
    min_initialized: positiveInteger
      .optional()
      .describe("Detections in a row that make an object; default fps / 2, at least 2."),
    max_disappeared: positiveInteger
      .optional()
      .describe("Frames without a detection after which an object is gone; default 5 × fps."),
    stationary: StationarySchema.prefault({}),
  })
  .refine(({ width, height }) => (width === undefined) === (height === undefined), {
    ...always,
    error: "width and height together, or neither",
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
  .describe("The pictures objects are looked for in, and when an object counts.");

export const ObjectsSchema = z
  .strictObject({
    track: z
      .array(z.string().min(1).max(100), { error: "a list of labels" })
      .min(1)
      .default(["person"])
      .describe("Labels to follow; sabrewing inspect lists those the model knows."),
    mask: MaskSchema.prefault([]).describe("Where nothing is an object, by the bottom centre of its box."),
    filters: z.record(z.string().min(1), FilterSchema).default({}).describe("By label."),
  })
  .superRefine(({ track, filters }, context) => {
    checkLabels(track, context);
    for (const label of Object.keys(filters).filter((name) => !track.includes(name))) {
      context.addIssue({
        code: "custom",
        path: ["filters", label],
        params: { isKey: true },
        message: "a filter for a label that is not in track does nothing; add the label there",
      });
    }
  })
  .describe("What to look for.");

export const SnapshotsSchema = z
  .strictObject({
    enabled: z
      .boolean()
      .default(false)
      .describe("Publish a JPEG of each object. Off: no picture leaves the device."),
    directory: z
      .string()
      .min(1)
      .optional()
      .describe("Keep the best JPEG of each event here; without it none is kept."),
    retain_days: z.number().min(0).default(10).describe("Days after which a kept JPEG is deleted."),
  })
  .describe("Pictures of objects: over MQTT, on disk.");

const CameraSchema = z
  .strictObject({
    enabled: z.boolean().default(true).describe("false: the camera is left alone."),
    ffmpeg: FfmpegSchema,
    detect: DetectSchema.prefault({}),
    motion: MotionSchema.prefault({}),
    objects: ObjectsSchema.prefault({}),
    zones: ZonesSchema.prefault({}),
    snapshots: SnapshotsSchema.prefault({}),
  })
  .superRefine(checkZoneLabels);

/** The whole file. `z.input` is what a user writes, `z.output` (AgentConfig) has every default filled in. */
export const AgentConfigSchema = z
  .strictObject({
    mqtt: MqttSchema,
    model: ModelSchema,
    detector: DetectorSchema.prefault({}),
    homeassistant: HomeAssistantSchema.prefault({}),
    metrics: MetricsSchema.prefault({}),
    view: ViewSchema.prefault({}),
    cameras: z
      .record(z.string(), CameraSchema)
      .superRefine(checkNames, always)
      .refine((cameras) => Object.keys(cameras).length > 0, { error: "at least one camera" })
      .superRefine(checkZoneNames)
      .meta({ propertyNames: { pattern: TOPIC_NAME.source } })
      .describe("One entry per camera: its name, then its settings.")
      .transform((cameras) => Object.entries(cameras).map(([name, camera]) => ({ name, ...camera }))),
    state_dir: z
      .string()
      .min(1)
      .optional()
      .describe("Folder for what outlives a restart; default: systemd's, else in the user's cache."),
  })
  .superRefine(({ metrics, view }, context) => {
    const areOneDoor = metrics.host === view.host && metrics.port === view.port && view.port !== 0;
    if (!metrics.enabled || !view.enabled || !areOneDoor) return;
    context.addIssue({
      code: "custom",
      path: ["view", "port"],
      params: { isKey: true },
      message: "metrics has this port already: give each its own",
    });
  })
  .describe("Configuration of sabrewing");

/** A valid configuration with every default filled in and every secret read. */
export type AgentConfig = z.output<typeof AgentConfigSchema>;
export type MqttConfig = AgentConfig["mqtt"];
export type DetectorConfig = AgentConfig["detector"];
export type HomeAssistantConfig = AgentConfig["homeassistant"];
export type MetricsConfig = AgentConfig["metrics"];
export type ViewConfig = AgentConfig["view"];
/** One camera, its name included. */
export type CameraConfig = AgentConfig["cameras"][number];
export type ObjectsConfig = CameraConfig["objects"];
export type MotionConfig = CameraConfig["motion"];
export type ZoneConfig = CameraConfig["zones"][number];
export type ObjectFilter = z.output<typeof FilterSchema>;

const DEFAULT_FILTER: ObjectFilter = FilterSchema.parse({});

/** What boxes of a label must be like on this camera: its filter, or the defaults where it has none. */
export function objectFilter(objects: ObjectsConfig, label: string): ObjectFilter {
  return objects.filters[label] ?? DEFAULT_FILTER;
}
