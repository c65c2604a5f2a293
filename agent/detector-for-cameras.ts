import { availableParallelism } from "node:os";
import type { DetectorOptions, ModelInfo, ModuleTrust } from "../detectors/detector.ts";
import { ConfigError } from "./base/errors.ts";
import type { Log } from "./base/log.ts";
import type { AgentConfig, CameraConfig } from "./config/schema.ts";
import { suggest } from "./config/suggest.ts";

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
  refuse(
    cameras.flatMap(({ name, objects }) => unknownLabels(objects.track, model, `camera ${name} tracks`)),
    model,
  );
}

/** @throws ConfigError if the model does not have one of the labels. @param from where they come from: `--track` */
export function requireModelLabels(
  labels: readonly string[],
  model: Pick<ModelInfo, "name" | "labels">,
  from: string,
): void {
  refuse(unknownLabels(labels, model, `${from} names`), model);
}

function unknownLabels(
  labels: readonly string[],
  model: Pick<ModelInfo, "labels">,
  place: string,
): readonly string[] {
  return labels
    .filter((label) => !model.labels.includes(label))
    .map((label) => `${place} "${label}"${suggestion(label, model.labels)}`);
}

function refuse(unknown: readonly string[], model: Pick<ModelInfo, "name" | "labels">): void {
  if (unknown.length === 0) return;
  throw new ConfigError(
    `the model ${model.name} does not have all tracked labels: ${unknown.join(", ")}`,
    `Choose from the labels of the model: ${listLabels(model.labels)}.`,
  );
}

/** The labels of a module come from outside: at most this many are compared. */
const MOST_COMPARED = 1000;

function suggestion(label: string, labels: readonly string[]): string {
  const similar = suggest(label, labels.slice(0, MOST_COMPARED));
  return similar === undefined ? "" : ` (did you mean ${similar}?)`;
}

/** COCO's 80 labels are listed in full; the list of a module with up to 10,000 labels is cut. */
const MOST_LABELS_LISTED = 100;

function listLabels(labels: readonly string[]): string {
  const listed = labels.slice(0, MOST_LABELS_LISTED).join(", ");
  const more = labels.length - MOST_LABELS_LISTED;
  return more > 0 ? `${listed} and ${more} more (sabrewing inspect lists them)` : listed;
}
