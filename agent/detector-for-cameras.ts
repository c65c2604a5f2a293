import { availableParallelism } from "node:os";
import type { DetectorOptions, ModelInfo, ModuleTrust } from "../detectors/detector.ts";
import { ConfigError } from "./base/errors.ts";
import type { Log } from "./base/log.ts";
import type { AgentConfig, CameraConfig } from "./config/schema.ts";

/** The options of the detector for these cameras. `instances: auto` means one per camera, but leaves one core free. */
export function detectorOptions(
  { detector, model }: Pick<AgentConfig, "detector" | "model">,
  cameras: readonly CameraConfig[],
  log: Log,
  cores: number = availableParallelism(),
): DetectorOptions {
  const auto = Math.max(1, Math.min(cameras.length, cores - 1));
  return {
    runtime: detector.runtime,
    instances: detector.instances === "auto" ? auto : detector.instances,
    deadlineMs: detector.deadline_ms,
    trust: moduleTrust(model),
    maxBytes: detector.memory_mb * 2 ** 20,
    log: ({ level, message }) => log[level](message),
  };
}

/** The hash and the public key that the configuration requires of a module. */
export function moduleTrust({ sha256, public_key: publicKey }: AgentConfig["model"]): ModuleTrust {
  return { ...(sha256 === undefined ? {} : { sha256 }), ...(publicKey === undefined ? {} : { publicKey }) };
}

/** @throws ConfigError if a camera tracks a label that the model does not have: it could never be detected. */
export function requireKnownLabels(
  cameras: readonly Pick<CameraConfig, "name" | "objects">[],
  model: Pick<ModelInfo, "name" | "labels">,
): void {
  const unknown = cameras.flatMap(({ name, objects }) =>
    objects.track
      .filter((label) => !model.labels.includes(label))
      .map((label) => `camera ${name} tracks "${label}"`),
  );
  if (unknown.length === 0) return;
  throw new ConfigError(
    `the model ${model.name} does not have all tracked labels: ${unknown.join(", ")}`,
    `Choose from the labels of the model: ${listLabels(model.labels)}.`,
  );
}

/** COCO's 80 labels are listed in full; the list of a module with up to 10,000 labels is cut. */
const MOST_LABELS_LISTED = 100;

function listLabels(labels: readonly string[]): string {
  const listed = labels.slice(0, MOST_LABELS_LISTED).join(", ");
  const more = labels.length - MOST_LABELS_LISTED;
  return more > 0 ? `${listed} and ${more} more (sabrewing inspect lists them)` : listed;
}
