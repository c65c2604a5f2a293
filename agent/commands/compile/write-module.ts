import { createHash } from "node:crypto";
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setImmediate } from "node:timers/promises";
import { InvalidArgumentError } from "commander";
import {
  type CompileFileOptions,
  compileModel,
  explainModel,
  inputSize,
  licenceOf,
  type Precision,
  type Target,
} from "../../../detectors/detector.ts";
import { ConfigError, UsageError } from "../../base/errors.ts";
import { didYouMean } from "../../config/suggest.ts";
import type { ModuleReport } from "../shared/module-report.ts";
import type { Progress } from "../shared/progress.ts";
import type { ModelSize } from "../shared/size-option.ts";
import type { Calibration } from "./calibrate.ts";
import { describeLayers } from "./layers-report.ts";

/** What to compile, and where to write the module. */
export interface ModuleOrder {
  /** Path of the weights; `MODEL_FILE_TYPES` lists the file types. */
  readonly model: string;
  readonly out: string;
  readonly name?: string | undefined;
  /** Default: `detect` where the model has a head that the compiler knows, else `tensor`. */
  readonly task?: CompileFileOptions["task"] | undefined;
  /** Of a detector's input. */
  readonly size?: ModelSize | undefined;
  /** Of inputs by name, where the file leaves sizes open. */
  readonly shapes?: CompileFileOptions["shapes"] | undefined;
  readonly states?: CompileFileOptions["states"] | undefined;
  readonly constants?: CompileFileOptions["constants"] | undefined;
  readonly target?: Target | undefined;
  readonly precision?: Precision | undefined;
  /** Frames for the calibration of integers. Default: synthetic images. */
  readonly calibration?: Calibration | undefined;
  /** SPDX identifier. Default: the licence of known weights. */
  readonly licence?: string | undefined;
  /** Number of the release, higher for each new version. Absent from the description if not given. */
  readonly release?: number | undefined;
  /** As of `compileModel`. */
  readonly onUnknownHead?: CompileFileOptions["onUnknownHead"] | undefined;
  /** Shows the cost of each layer. */
  readonly explain?: boolean;
  /** Compiler stage whose graph to show. */
  readonly print?: string | undefined;
}

/**
 * Compiles a model and writes the module. A file named `out` is always complete: it is written under another name and renamed.
 * @param progress is disposed of here, so that no other output lands in its line
 * @param show receives the graph after the stage `print`, and the cost of each layer
 * @throws ModelError if the model cannot be compiled, UsageError for an unknown stage, ConfigError if `out` cannot be written.
 */
export async function writeModule(
  order: ModuleOrder,
  progress: Progress,
  show: (graph: string) => void,
): Promise<ModuleReport> {
  using shown = progress;
  const stages: string[] = [];
  const compiled = await compileModel(order.model, {
    ...(order.name === undefined ? {} : { name: order.name }),
    ...(order.task === undefined ? {} : { task: order.task }),
    ...(order.size === undefined ? {} : { size: order.size }),
    ...(order.shapes === undefined ? {} : { shapes: order.shapes }),
    ...(order.states === undefined ? {} : { states: order.states }),
    ...(order.constants === undefined ? {} : { constants: order.constants }),
    ...(order.target === undefined ? {} : { target: order.target }),
    ...(order.precision === undefined ? {} : { precision: order.precision }),
    ...(order.calibration ?? {}),
    ...(order.licence === undefined ? {} : { licence: order.licence }),
    ...(order.release === undefined ? {} : { release: order.release }),
    ...(order.onUnknownHead === undefined ? {} : { onUnknownHead: order.onUnknownHead }),
    onStage({ name, done, total, print }) {
      stages.push(name);
      shown.update(done, total, name);
      if (name === order.print) show(print());
    },
  });
  if (order.print !== undefined && !stages.includes(order.print)) {
    throw new UsageError(
      `unknown stage "${order.print}"${didYouMean(order.print, stages)}`,
      `The stages are ${stages.join(", ")}.`,
    );
  }
  const { bytes, description } = compiled;
  // The compiler blocks signals. A Ctrl-C that came meanwhile ends the process here, before there is a file.
  await setImmediate();
  writeWhole(order.out, bytes);
  if (order.explain === true) {
    show(describeLayers(await explainModel(compiled, order.target ?? "simd128")));
  }
  const { precision, release } = description;
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const file = { out: order.out, bytes: bytes.length, sha256 };
  const end = { licence: licenceOf(description), ...(release === undefined ? {} : { release }) };
  if (description.task === "tensor") {
    const { task, inputs, outputs } = description;
    return { ...file, task, inputs, outputs, precision, ...end };
  }
  const labels = description.labels.map(({ name }) => name);
  return { ...file, task: description.task, input: inputSize(description), precision, labels, ...end };
}

/** Parses `--release`. @throws InvalidArgumentError unless it is a whole number, 0 or more. */
export function parseRelease(text: string): number {
  const release = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(release)) return release;
  throw new InvalidArgumentError("Expected a whole number, 0 or more.");
}

/** Does not wait for anything in between, so that Ctrl-C leaves no incomplete file. */
function writeWhole(path: string, bytes: Uint8Array): void {
  const partial = `${path}.${process.pid}.partial`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    try {
      writeFileSync(partial, bytes);
      renameSync(partial, path);
    } catch (error) {
      rmSync(partial, { force: true });
      throw error;
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`${path} cannot be written: ${reason}`, "Choose another file with -o.", { cause });
  }
}
