import type { Runtime } from "../../../detectors/detector.ts";
import { ConfigError, UsageError } from "../../base/errors.ts";
import type { Rotation } from "../../base/rotation.ts";
import type { Environment } from "../../config/environment.ts";
import { loadConfig } from "../../config/load.ts";
import { MotionSchema } from "../../config/motion-schema.ts";
import { ReviewSchema } from "../../config/review-schema.ts";
import { DetectSchema, ObjectsSchema, SnapshotsSchema } from "../../config/schema.ts";
import { didYouMean } from "../../config/suggest.ts";
import type { WatchedCamera } from "../../watch-camera.ts";
import { type FoundModule, findModule } from "../shared/find-module.ts";

/** The options that choose model, camera and settings of a replay. */
export interface ReplayOptions {
  readonly model?: string;
  readonly track?: string;
  readonly fps?: string;
  readonly runtime?: Runtime;
  readonly config?: string;
  readonly camera?: string;
  readonly rotate?: Rotation;
}

export interface ReplaySettings {
  readonly camera: WatchedCamera;
  readonly rotate: Rotation;
  readonly runtime: Runtime;
  readonly module: FoundModule;
  readonly prefix: string;
}

/**
 * The settings of a replay: those of a camera in the configuration file, or else the defaults. Options on the command line
 * override them. The module is found as by `detect`.
 * @throws UsageError; ConfigError if the configuration is invalid or has no such camera.
 */
export function replaySettings(options: ReplayOptions, env: Environment): ReplaySettings {
  const base = options.config === undefined ? defaults(options) : fromConfig(options.config, options, env);
  const { detect, objects } = base.camera;
  return {
    ...base,
    module: findModule({ named: options.model, configFile: options.config, env }),
    runtime: options.runtime ?? base.runtime,
    rotate: options.rotate ?? base.rotate,
    camera: {
      ...base.camera,
      detect: options.fps === undefined ? detect : { ...detect, ...paceOf(options.fps) },
      objects: options.track === undefined ? objects : { ...objects, track: labelsIn(options.track) },
    },
  };
}

type Base = Omit<ReplaySettings, "module">;

function defaults({ camera }: ReplayOptions): Base {
  return {
    camera: {
      name: camera ?? "replay",
      detect: DetectSchema.parse({}),
      motion: MotionSchema.parse({}),
      objects: ObjectsSchema.parse({}),
      zones: [],
      snapshots: SnapshotsSchema.parse({}),
      review: ReviewSchema.parse({}),
    },
    rotate: 0,
    runtime: "wasmer",
    prefix: "sabrewing",
  };
}

function fromConfig(path: string, { camera: name }: ReplayOptions, env: Environment): Base {
  const { config, file } = loadConfig(path, env);
  const names = config.cameras.map((camera) => camera.name);
  const camera =
    name === undefined && names.length === 1
      ? config.cameras[0]
      : config.cameras.find((one) => one.name === name);
  if (camera === undefined) {
    throw new ConfigError(
      name === undefined
        ? `${file} has several cameras`
        : `${file} has no camera "${name}"${didYouMean(name, names)}`,
      `Choose one with --camera: ${names.join(", ")}.`,
    );
  }
  return {
    camera,
    rotate: camera.rotate,
    runtime: config.detector.runtime,
    prefix: config.mqtt.topic_prefix,
  };
}

function paceOf(text: string) {
  const parsed = DetectSchema.safeParse({ fps: Number(text) });
  if (!parsed.success) throw new UsageError(`--fps: expected a number from 0.1 to 60, received "${text}"`);
  const { fps, min_initialized, max_disappeared, stationary } = parsed.data;
  return { fps, min_initialized, max_disappeared, stationary };
}

function labelsIn(text: string): string[] {
  const labels = text
    .split(",")
    .map((label) => label.trim())
    .filter((label) => label !== "");
  if (labels.length === 0)
    throw new UsageError(`--track: expected labels separated by commas, received "${text}"`);
  return labels;
}
