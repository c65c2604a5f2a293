/** Compiles a model's files to a module. */
import { basename, extname } from "node:path";
import { setImmediate } from "node:timers/promises";
import { scoreFilters } from "../catalog/score-filters.ts";
import { ModelError } from "../errors.ts";
import type { Precision } from "../module-format.ts";
import { calibrate } from "./calibrate/calibrate.ts";
import { type CompiledModel, type CompileOptions, compile } from "./compile.ts";
import { requireTexts } from "./describe.ts";
import { type ImageSize, type ImportedModel, imageInput } from "./graph/graph.ts";
import { print } from "./graph/print.ts";
import type { Shape } from "./graph/value.ts";
import { MissingOperators, UnknownHead } from "./import/errors.ts";
import type { FileModel, TensorState } from "./import/importer.ts";
import { describeOrigin } from "./import/origin/model-origin.ts";
import { addPathToErrors, knownModel, readModelFiles, sha256Of } from "./model-files.ts";
import { passes, runPasses } from "./passes/index.ts";
import type { Target } from "./target.ts";

/** A finished stage of the compiler. `print` shows the graph after it. */
export interface Stage {
  readonly name: string;
  readonly done: number;
  readonly total: number;
  readonly print: () => string;
}

export interface CompileFileOptions {
  /** The model's name in the description. Default: the file's name. */
  readonly name?: string;
  /**
   * `detect`: only a detector whose head the compiler knows. `tensor`: the inputs and outputs of the file, without
   * preprocessing. Default: `detect` where there is such a head, else `tensor`.
   */
  readonly task?: "detect" | "tensor";
  /** Called when no head is known, with the reasons, before the file is compiled with its own inputs and outputs. */
  readonly onUnknownHead?: (reasons: ModelError) => void;
  /** Size of a detector's input. Default: the file's own. */
  readonly size?: ImageSize;
  /** Shapes of inputs by name, of task `tensor`. Needed where the file leaves sizes open. */
  readonly shapes?: ReadonlyMap<string, Shape>;
  /** Outputs that continue as inputs of the next inference, of task `tensor`. */
  readonly states?: readonly TensorState[];
  /** Inputs that always hold one number, by name, of task `tensor`. */
  readonly constants?: ReadonlyMap<string, number>;
  /** Licence of the weights, an SPDX identifier. Default: the catalogue's for known weights, else `unknown`. */
  readonly licence?: string;
  /** Release number of the module, higher for each new version. Default: not in the description. */
  readonly release?: number;
  /** The WebAssembly features to use. Default: `simd128`, which every engine supports; for i8 `relaxed`. */
  readonly target?: Target;
  /** As in `compile`. */
  readonly keepLogits?: boolean;
  readonly onStage?: (stage: Stage) => void;
  /** How numbers are stored. Default: `f32`. */
  readonly precision?: Precision;
  /**
   * Images of the model's input size (height × width × 3 bytes, RGB) for the calibration of integer modules. Default: synthetic
   * images.
   */
  readonly calibrationImages?: (input: ImageSize) => Promise<readonly Uint8Array[]>;
  /** Called after each calibration image. */
  readonly onCalibrated?: (images: number, total: number) => void;
}

/**
 * Compiles a model file of one of `MODEL_FILE_TYPES`.
 * @throws ModelError when the file is missing, damaged, of another type, or has operators that cannot be compiled.
 */
export async function compileFile(path: string, options: CompileFileOptions = {}): Promise<CompiledModel> {
  const name = options.name ?? basename(path, extname(path));
  const files = await readModelFiles(path);
  const sha256 = sha256Of(files);
  const known = knownModel(files);
  const licence = options.licence ?? known?.licence.id ?? "unknown";
  const model = await addPathToErrors(path, async () => {
    const imported = importModel(await files.importer.read(files), name, options);
    // Refuse what the description cannot hold before the calibration, which takes a minute.
    requireTexts(imported, licence);
    return imported;
  });
  // Between two long steps, signals such as Ctrl-C are handled.
  await setImmediate();
  const quantization = await quantizationOf(model, options);
  await setImmediate();
  // Stages: import, passes, quantisation if any, and emission.
  const total = passes.length + (quantization === undefined ? 2 : 3);
  let done = 0;
  const report = (stage: string, print: () => string): void => {
    done++;
    options.onStage?.({ name: stage, done, total, print });
  };
  const compiled = compile(model, {
    source: { format: files.importer.format, sha256, licence },
    release: options.release,
    filters:
      known === undefined || model.task !== "detect" ? undefined : scoreFilters(known.name, model.labels),
    target: targetOf(options),
    quantization,
    keepLogits: options.keepLogits ?? false,
    onStage: (stage, graph) => report(stage, () => print(graph)),
  });
  report("emit", () => print(compiled.graph));
  return compiled;
}

/** @throws ModelError for i8 with the target simd128, which lacks the dot product that i8 needs. */
function targetOf({ precision, target }: CompileFileOptions): Target {
  if (precision !== "i8") return target ?? "simd128";
  if (target !== "simd128") return "relaxed";
  throw new ModelError(
    "i8 needs the dot product of the relaxed SIMD proposal, which the target simd128 lacks",
    "Leave the target out, or choose i16, which every engine runs.",
  );
}

/** Calibrates the network for integers; undefined for f32. */
async function quantizationOf(
  { graph, task }: ImportedModel,
  { precision = "f32", calibrationImages, onCalibrated }: CompileFileOptions,
): Promise<CompileOptions["quantization"]> {
  if (precision === "f32") return undefined;
  if (task !== "detect") {
    throw new ModelError(
      `Only detectors can be compiled with precision ${precision}; this model is compiled with its own inputs and outputs (task ${task}).`,
      "Leave the precision out: such a module computes as the file does.",
    );
  }
  const { width, height } = imageInput(graph).size;
  const images = await calibrationImages?.({ width, height });
  const { ranges } = await calibrate(runPasses(graph), images, { onProgress: onCalibrated });
  return { precision, ranges };
}

/** A size is that of a detector's image, and shapes are those of a file's own inputs. */
function importModel(
  file: FileModel,
  name: string,
  { task, size, onUnknownHead, ...options }: CompileFileOptions,
): ImportedModel {
  const { shapes, states, constants } = options;
  const own = {
    ...(shapes === undefined ? {} : { shapes }),
    ...(states === undefined ? {} : { states }),
    ...(constants === undefined ? {} : { constants }),
  };
  const tensors = (): ImportedModel => file.tensors({ name, ...own });
  const isTensor = task === "tensor" || (task === undefined && Object.keys(own).length > 0);
  if (isTensor) return nameOrigin(file, tensors);
  const option = task === undefined ? size && "--size" : `--task ${task}`;
  return nameOrigin(file, () => {
    try {
      return file.detector(size === undefined ? { name } : { name, size });
    } catch (error) {
      if (!(error instanceof UnknownHead)) throw error;
      if (option !== undefined) throw error.with({ remedy: withoutOption(option, file) });
      const imported = tensors();
      onUnknownHead?.(unknownHead(file));
      return imported;
    }
  });
}

/** Why the model becomes no detector, in short: what a detector lacks, a module of task `tensor` may have. */
function unknownHead(file: FileModel): ModelError {
  const what = file.origin === undefined ? "" : `${describeOrigin(file.origin)} `;
  return new ModelError(
    `${what}The compiler knows no head like its own; --task detect tells why.`,
    file.origin?.headRemedy ?? "Nothing is to be done where numbers are enough.",
  );
}

/** What helps when an option asks for a detector that the model is not. */
function withoutOption(option: string, { origin }: FileModel): string {
  const then = `eave out ${option}: the module then takes and gives what the file does (task tensor).`;
  return origin?.headRemedy === undefined ? `L${then}` : `${origin.headRemedy} Or l${then}`;
}

/** Runs an importer; its errors begin with what the file is, and end with what helps for such a file. */
function nameOrigin({ origin }: FileModel, read: () => ImportedModel): ImportedModel {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ModelError) || origin === undefined) throw error;
    const isMissing = error instanceof MissingOperators && origin.remedy !== undefined;
    const named = error.behind(describeOrigin(origin));
    throw isMissing ? named.with({ remedy: origin.remedy }) : named;
  }
}
