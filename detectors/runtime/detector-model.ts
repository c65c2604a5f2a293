import type { ModelInfo, ModuleFile, ModuleInfo } from "../contract.ts";
import { ModelError } from "../errors.ts";
import { type DetectDescription, inputSize, licenceOf } from "../module-format.ts";

/** The description of a detector module and the properties of its file. */
export type DetectInfo = DetectDescription & ModuleFile;

/** @throws ModelError for a module of another task. */
export function requireDetector(info: ModuleInfo): DetectInfo {
  if (info.task === "detect") return info;
  throw new ModelError(
    `Expected a detector, received a module of the task "${info.task}".`,
    "Give a module whose task is detect; `sabrewing infer` runs modules of every task.",
  );
}

/** A detector module, as the agent sees it. */
export function detectorModel(info: DetectInfo): ModelInfo {
  const { name, release, picture, filters, precision, features } = info;
  const { sha256, bytes, memoryBytes, imports } = info;
  return {
    name,
    ...(release === undefined ? {} : { release }),
    input: inputSize(info),
    picture,
    labels: info.labels.map((label) => label.name),
    ...(filters === undefined ? {} : { filters }),
    precision,
    features,
    licence: licenceOf(info),
    ...{ sha256, bytes, memoryBytes, imports },
  };
}
