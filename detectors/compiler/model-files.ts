/** From a path to a model's bytes: tells the format by the content, and reads the files that belong to it. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { dirname, extname, join } from "node:path";
import { recogniseModel } from "../catalog/catalog.ts";
import { ModelError } from "../errors.ts";
import type { ModelFormat } from "../module-format.ts";
import { isTfjs, tfjsShards } from "./import/tfjs/schema.ts";

/** A model as it lies on disk. */
export interface ModelFiles {
  readonly format: ModelFormat;
  /** The file that was named. */
  readonly main: Uint8Array;
  /** What lies beside it, by name, in the order in which `main` lists it: a TensorFlow.js model's weights. */
  readonly beside: ReadonlyMap<string, Uint8Array>;
}

/**
 * Reads a YOLOv5 checkpoint, an ONNX model, or a TensorFlow.js `model.json` with the weight files in its folder.
 * @throws ModelError when a file is missing, cannot be read or is of another kind.
 */
export async function readModelFiles(path: string): Promise<ModelFiles> {
  const main = await readModelFile(
    path,
    "Give the path of a YOLOv5 checkpoint (.pt), an ONNX model (.onnx) or a TensorFlow.js model.json; `sabrewing pull yolov5n` fetches one.",
  );
  const format = formatOf(main, path);
  const beside = new Map<string, Uint8Array>();
  if (format === "tfjs") {
    for (const name of await namingTheFile(path, () => tfjsShards(main))) {
      const shard = join(dirname(path), name);
      beside.set(name, await readModelFile(shard, `Put the weight file that ${path} names beside it.`));
    }
  }
  return { format, main, beside };
}

/** SHA-256 (hex) of the file, or of all files one after the other. */
export function sha256Of({ main, beside }: ModelFiles): string {
  const hash = createHash("sha256");
  for (const bytes of [main, ...beside.values()]) hash.update(bytes);
  return hash.digest("hex");
}

/** The SPDX identifier of known weights: of a known model that all files belong to. */
export function knownLicence({ main, beside }: ModelFiles): string | undefined {
  const models = [main, ...beside.values()].map((bytes) =>
    recogniseModel(createHash("sha256").update(bytes).digest("hex")),
  );
  const [first] = models;
  return models.every((model) => model === first) ? first?.licence.id : undefined;
}

/** Importers know only bytes: what they complain of is told with the file's name. */
export async function namingTheFile<Result>(
  path: string,
  read: () => Result | Promise<Result>,
): Promise<Result> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    throw error.of(path);
  }
}

async function readModelFile(path: string, remedy: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    const what = code === "ENOENT" ? "there is no such file" : `it cannot be read (${code})`;
    throw new ModelError(`${path}: ${what}`, remedy, { cause });
  }
}

/** A zip archive is a checkpoint; an ONNX model begins with the field of its IR version; a model.json has its own word. */
function formatOf(bytes: Uint8Array, path: string): ModelFormat {
  const isZip = bytes[0] === 0x50 && bytes[1] === 0x4b;
  // Pickle protocol 2 and later begins with this opcode: a checkpoint of torch before 1.6, which the importer explains.
  const isPickle = bytes[0] === 0x80;
  if (isZip || isPickle) return "yolov5-checkpoint";
  if (isTfjs(bytes)) return "tfjs";
  if (extname(path).toLowerCase() === ".pt") return "yolov5-checkpoint";
  if (extname(path).toLowerCase() === ".onnx" || bytes[0] === 0x08) return "onnx";
  throw new ModelError(
    `${path}: neither a YOLOv5 checkpoint (zip archive), nor an ONNX model, nor a TensorFlow.js graph model (JSON)`,
    "Give the .pt file that YOLOv5 saved, the .onnx file that its export.py wrote, or a model.json that tensorflowjs_converter wrote.",
  );
}
