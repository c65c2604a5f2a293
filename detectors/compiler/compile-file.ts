/** From a model file on disk to a module: tells the format by its content and imports it accordingly. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename, extname } from "node:path";
import { recogniseModel } from "../catalog/catalog.ts";
import { ModelError } from "../errors.ts";
import type { ModelFormat } from "../module-format.ts";
import { type CompiledModel, compile } from "./compile.ts";
import { print } from "./graph/print.ts";
import { importOnnx } from "./import/onnx.ts";
import { importCheckpoint } from "./import/yolov5-checkpoint.ts";
import { passes } from "./passes/index.ts";

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
  readonly size?: { readonly width: number; readonly height: number };
  /** Licence of the weights, an SPDX identifier; when not given, the catalogue's for known weights, else `unknown`. */
  readonly licence?: string;
  readonly onStage?: (stage: Stage) => void;
}

/**
 * Compiles a YOLOv5 checkpoint (`.pt`) or an ONNX model.
 * @throws ModelError when the file is missing, damaged, of another kind, or has operators that cannot be compiled.
 */
export async function compileFile(path: string, options: CompileFileOptions = {}): Promise<CompiledModel> {
  const bytes = await readModelFile(path);
  const format = formatOf(bytes, path);
  const name = options.name ?? basename(path, extname(path));
  const importOptions = options.size === undefined ? { name } : { name, size: options.size };
  const importModel = format === "onnx" ? importOnnx : importCheckpoint;
  const model = await namingTheFile(path, () => importModel(bytes, importOptions));
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const licence = options.licence ?? recogniseModel(sha256)?.licence.id ?? "unknown";
  // The importer's graph, every pass's, and the module.
  const total = passes.length + 2;
  let done = 0;
  const tell = (stage: string, print: () => string): void => {
    done++;
    options.onStage?.({ name: stage, done, total, print });
  };
  const compiled = compile(model, {
    source: { format, sha256, licence },
    onStage: (stage, graph) => tell(stage, () => print(graph)),
  });
  tell("emit", () => print(compiled.graph));
  return compiled;
}

/** Importers know only bytes: what they complain of is told with the file's name. */
async function namingTheFile<Result>(path: string, read: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    throw new ModelError(`${path}: ${error.message}`, error.remedy, { cause: error });
  }
}

async function readModelFile(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    const what = code === "ENOENT" ? "there is no such file" : `it cannot be read (${code})`;
    throw new ModelError(
      `${path}: ${what}`,
      "Give the path of a YOLOv5 checkpoint (.pt) or an ONNX model (.onnx); `sabrewing pull yolov5n` fetches one.",
      { cause },
    );
  }
}

/** A zip archive is a checkpoint; an ONNX model begins with the field of its IR version. */
function formatOf(bytes: Uint8Array, path: string): ModelFormat {
  const isZip = bytes[0] === 0x50 && bytes[1] === 0x4b;
  // Pickle protocol 2 and later begins with this opcode: a checkpoint of torch before 1.6, which the importer explains.
  const isPickle = bytes[0] === 0x80;
  if (isZip || isPickle) return "yolov5-checkpoint";
  if (extname(path).toLowerCase() === ".pt") return "yolov5-checkpoint";
  if (extname(path).toLowerCase() === ".onnx" || bytes[0] === 0x08) return "onnx";
  throw new ModelError(
    `${path}: neither a YOLOv5 checkpoint (zip archive) nor an ONNX model`,
    "Give the .pt file that YOLOv5 saved or the .onnx file that its export.py wrote.",
  );
}
