/** From a model's files on disk to a module. */
import { basename, extname } from "node:path";
import { ModelError } from "../errors.ts";
import type { Precision } from "../module-format.ts";
import { calibrate } from "./calibrate/calibrate.ts";
import { type CompiledModel, type CompileOptions, compile } from "./compile.ts";
import { requireShowable } from "./describe.ts";
import type { ImportedModel } from "./graph/graph.ts";
import { print } from "./graph/print.ts";
import type { PictureSize } from "./graph/retype.ts";
import { importCheckpoint } from "./import/checkpoint/importer.ts";
import { importOnnx } from "./import/onnx/importer.ts";
import { importTfjs } from "./import/tfjs/importer.ts";
import { knownLicence, type ModelFiles, namingTheFile, readModelFiles, sha256Of } from "./model-files.ts";
import { passes, runPasses } from "./passes/index.ts";
import type { Target } from "./target.ts";

/** A stage of the compiler that is done; `print` shows the graph after it. */
export interface Stage {
  readonly name: string;
  readonly done: number;
  readonly total: number;
  readonly print: () => string;
}

export interface CompileFileOptions {
  /** The model's name in the description; the file's name when not given. */
  readonly name?: string;
  /** Pixels of the picture it takes; what the file was made for when not given. */
  readonly size?: PictureSize;
  /** Licence of the weights, an SPDX identifier; when not given, the catalogue's for known weights, else `unknown`. */
  readonly licence?: string;
  /** How new the module is among those of its name, a whole number; left out of the description when not given. */
  readonly release?: number;
  /** What the engine must be able to do; when not given `simd128`, which every engine is, and for i8 `relaxed`. */
  readonly target?: Target;
  /** As in `compile`. */
  readonly keepLogits?: boolean;
  readonly onStage?: (stage: Stage) => void;
  /** How numbers are stored; `f32` when not given. */
  readonly precision?: Precision;
  /**
   * Pictures of the model's input size (height × width × 3 bytes, RGB) to see on how large numbers get that are stored as
   * integers; made-up ones when not given.
   */
  readonly calibrationPictures?: (input: PictureSize) => Promise<readonly Uint8Array[]>;
  /** Told after every picture that the network was observed on. */
  readonly onCalibrated?: (pictures: number, total: number) => void;
}

type ImportOptions = Pick<CompileFileOptions, "size"> & { readonly name: string };

/**
 * Compiles a YOLOv5 checkpoint (`.pt`), an ONNX model, or a TensorFlow.js graph model (`model.json`, its weights beside it).
 * @throws ModelError when the file is missing, damaged, of another kind, or has operators that cannot be compiled.
 */
export async function compileFile(path: string, options: CompileFileOptions = {}): Promise<CompiledModel> {
  const name = options.name ?? basename(path, extname(path));
  const importOptions = options.size === undefined ? { name } : { name, size: options.size };
  const files = await readModelFiles(path);
  const sha256 = sha256Of(files);
  const licence = options.licence ?? knownLicence(files) ?? "unknown";
  const model = await namingTheFile(path, async () => {
    const imported = await importModel(files, importOptions);
    // Calibrating takes a minute: a name that the module cannot carry is refused before it.
    requireShowable({ ...imported, licence });
    return imported;
  });
  const quantization = await quantizationOf(model, options);
  // The importer's graph, every pass's, that in integers where there is one, and the module.
  const total = passes.length + (quantization === undefined ? 2 : 3);
  let done = 0;
  const tell = (stage: string, print: () => string): void => {
    done++;
    options.onStage?.({ name: stage, done, total, print });
  };
  const compiled = compile(model, {
    source: { format: files.format, sha256, licence },
    release: options.release,
    target: targetOf(options),
    quantization,
    keepLogits: options.keepLogits ?? false,
    onStage: (stage, graph) => tell(stage, () => print(graph)),
  });
  tell("emit", () => print(compiled.graph));
  return compiled;
}

/** @throws ModelError where bytes are to be multiplied by an engine that may lack the instruction. */
function targetOf({ precision, target }: CompileFileOptions): Target {
  if (precision !== "i8") return target ?? "simd128";
  if (target !== "simd128") return "relaxed";
  throw new ModelError(
    "i8 needs the dot product of the relaxed SIMD proposal, and the target simd128 is without",
    "Leave the target out, or choose i16, which every engine runs.",
  );
}

/** How far the network's numbers go, seen before it is compiled to integers; undefined where they stay floats. */
async function quantizationOf(
  { graph }: ImportedModel,
  { precision = "f32", calibrationPictures, onCalibrated }: CompileFileOptions,
): Promise<CompileOptions["quantization"]> {
  if (precision === "f32") return undefined;
  const [height = 0, width = 0] = graph.values.get(graph.input)?.shape ?? [];
  const pictures = await calibrationPictures?.({ width, height });
  const { ranges } = await calibrate(runPasses(graph), pictures, { onProgress: onCalibrated });
  return { precision, ranges };
}

async function importModel(
  { format, main, beside }: ModelFiles,
  options: ImportOptions,
): Promise<ImportedModel> {
  switch (format) {
    case "onnx":
      return importOnnx(main, options);
    case "tfjs":
      return importTfjs(main, beside, options);
    case "yolov5-checkpoint":
      return importCheckpoint(main, options);
  }
}
