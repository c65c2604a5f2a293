import { availableParallelism } from "node:os";
import type { DetectorOptions, ModelInfo, ModuleTrust } from "../detectors/detector.ts";
import { ConfigError } from "./base/errors.ts";
import type { Log } from "./base/log.ts";
import type { AgentConfig, CameraConfig } from "./config/schema.ts";

/** How to run the detector for these cameras. `instances: auto` is one per camera, but one core stays free. */
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

/** Which module the configuration lets run. */
export function moduleTrust({ sha256, public_key: publicKey }: AgentConfig["model"]): ModuleTrust {
  return { ...(sha256 === undefined ? {} : { sha256 }), ...(publicKey === undefined ? {} : { publicKey }) };
}

/** @throws ConfigError when a camera tracks a label the model has never heard of: it would wait for it for ever. */
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
    `the model ${model.name} does not know every label: ${unknown.join(", ")}`,
    `Choose from the labels it knows: ${listLabels(model.labels)}.`,
  );
}

/** COCO's 80 labels are listed in full, the 10,000 that a module may have are not. */
const MOST_LABELS_LISTED = 100;

function listLabels(labels: readonly string[]): string {
  const listed = labels.slice(0, MOST_LABELS_LISTED).join(", ");
  const more = labels.length - MOST_LABELS_LISTED;
  return more > 0 ? `${listed} and ${more} more (sabrewing inspect lists them)` : listed;
}
