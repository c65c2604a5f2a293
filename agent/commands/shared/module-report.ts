import type { ModelInfo, TensorSpec } from "../../../detectors/detector.ts";
import { plainText } from "../../base/plain-text.ts";
import { type ModelSize, showSize } from "./size-option.ts";

/** The `--json` output for a written module. */
export type ModuleReport = DetectorReport | TensorReport;

interface WrittenModule {
  readonly out: string;
  readonly bytes: number;
  /** SHA-256 of the module, hex. */
  readonly sha256: string;
  readonly precision: ModelInfo["precision"];
  /** Licence of the weights: an SPDX identifier or `unknown`. */
  readonly licence: string;
  /** Absent if none was given. */
  readonly release?: number;
}

export interface DetectorReport extends WrittenModule {
  readonly task: "detect";
  readonly input: ModelSize;
  readonly labels: readonly string[];
}

/** A module with the inputs and outputs of the model file. */
export interface TensorReport extends WrittenModule {
  readonly task: "tensor";
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}

/** For people: a line, and for a module of tensors a line for each input and output. */
export function describeReport(report: ModuleReport): string {
  const { out, bytes, precision, licence, release } = report;
  const parts = [
    ...(report.task === "detect"
      ? [showSize(report.input), `${report.labels.length} labels`]
      : ["inputs and outputs of the file (task tensor)"]),
    precision,
    showMegabytes(bytes),
    `licence ${licence}`,
    ...(release === undefined ? [] : [`release ${release}`]),
  ];
  const tensors =
    report.task === "detect"
      ? []
      : [
          ...report.inputs.map((spec) => `  takes ${describeTensor(spec)}`),
          ...report.outputs.map((spec) => `  gives ${describeTensor(spec)}`),
        ];
  return [`${out}: ${parts.join(", ")}`, ...tensors].join("\n");
}

/** `detections: f32 [300, 6], counted rows` */
export function describeTensor({ name, dtype, shape, scale, zero = 0, rows }: TensorSpec): string {
  const real = scale === undefined ? "" : `, (stored − ${zero}) × ${scale}`;
  return `${plainText(name)}: ${dtype} [${shape.join(", ")}]${real}${rows === undefined ? "" : ", counted rows"}`;
}

/** `7.6 MB` (10⁶ bytes). */
export function showMegabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
