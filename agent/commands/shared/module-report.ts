import type { ModelInfo } from "../../../detectors/detector.ts";
import { type ModelSize, showSize } from "./size-option.ts";

/** The `--json` output for a written module. */
export interface ModuleReport {
  readonly out: string;
  readonly bytes: number;
  /** SHA-256 of the module, hex. */
  readonly sha256: string;
  readonly input: ModelSize;
  readonly precision: ModelInfo["precision"];
  readonly labels: readonly string[];
  /** Licence of the weights: an SPDX identifier or `unknown`. */
  readonly licence: string;
  /** Absent if none was given. */
  readonly release?: number;
}

/** One line for people. */
export function describeReport({
  out,
  bytes,
  input,
  precision,
  labels,
  licence,
  release,
}: ModuleReport): string {
  const parts = [
    showSize(input),
    `${labels.length} labels`,
    precision,
    showMegabytes(bytes),
    `licence ${licence}`,
    ...(release === undefined ? [] : [`release ${release}`]),
  ];
  return `${out}: ${parts.join(", ")}`;
}

/** `7.6 MB` (10⁶ bytes). */
export function showMegabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
