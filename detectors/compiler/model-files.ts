/** Reads a model's files: detects the format by the contents and reads the files that belong to the model. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { dirname, extname, join } from "node:path";
import { recogniseModel } from "../catalog/catalog.ts";
import type { KnownModel } from "../catalog/known-model.ts";
import { ModelError } from "../errors.ts";
import { MODEL_FILE_TYPES, type ModelFormat } from "../module-format.ts";
import { isTfjs, tfjsShards } from "./import/tfjs/schema.ts";

/** The files of a model. */
export interface ModelFiles {
  readonly format: ModelFormat;
  /** The file that the user named. */
  readonly main: Uint8Array;
  /** The weight files of a TensorFlow.js model, by name, in the order in which `main` lists them. */
  readonly weightFiles: ReadonlyMap<string, Uint8Array>;
}

/**
 * Reads a model file of one of `MODEL_FILE_TYPES`, and for a `model.json` the weight files in its folder.
 * @throws ModelError when a file is missing, cannot be read or is of another type.
 */
export async function readModelFiles(path: string): Promise<ModelFiles> {
  const main = await readModelFile(
    path,
    `Give the path of ${MODEL_FILE_TYPES}; \`sabrewing pull yolov5n\` fetches one.`,
  );
  const format = formatOf(main, path);
  const weightFiles = new Map<string, Uint8Array>();
  if (format === "tfjs") {
    for (const name of await addPathToErrors(path, () => tfjsShards(main))) {
      const shard = join(dirname(path), name);
      weightFiles.set(
        name,
        await readModelFile(shard, `Put this weight file, which ${path} needs, into the same folder.`),
      );
    }
  }
  return { format, main, weightFiles };
}

/** SHA-256 (hex) of the file, or of all files concatenated. */
export function sha256Of({ main, weightFiles }: ModelFiles): string {
  const hash = createHash("sha256");
  for (const bytes of [main, ...weightFiles.values()]) hash.update(bytes);
  return hash.digest("hex");
}

/** The model of the catalogue to which all these files belong. */
export function knownModel({ main, weightFiles }: ModelFiles): KnownModel | undefined {
  const models = [main, ...weightFiles.values()].map((bytes) =>
    recogniseModel(createHash("sha256").update(bytes).digest("hex")),
  );
  const [first] = models;
  return models.every((model) => model === first) ? first : undefined;
}

/** Runs an importer and adds the file's path to its errors: importers see only bytes. */
export async function addPathToErrors<Result>(
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
    const what = code === "ENOENT" ? "no such file" : `it cannot be read (${code})`;
    throw new ModelError(`${path}: ${what}`, remedy, { cause });
  }
}

/** A zip archive is a checkpoint; an ONNX model begins with its IR version field; a model.json has a key of its own. */
function formatOf(bytes: Uint8Array, path: string): ModelFormat {
  const isZip = bytes[0] === 0x50 && bytes[1] === 0x4b;
  // Pickle protocol 2 and later begins with this opcode: a checkpoint of torch before 1.6. The importer says what to do.
  const isPickle = bytes[0] === 0x80;
  if (isZip || isPickle) return "yolov5-checkpoint";
  if (isTfjs(bytes)) return "tfjs";
  if (extname(path).toLowerCase() === ".pt") return "yolov5-checkpoint";
  if (extname(path).toLowerCase() === ".onnx" || bytes[0] === 0x08) return "onnx";
  throw new ModelError(
    `${path}: expected ${MODEL_FILE_TYPES}`,
    "Give the .pt file that YOLOv5 saved, the .onnx file that its export.py wrote, or a model.json that tensorflowjs_converter wrote.",
  );
}
