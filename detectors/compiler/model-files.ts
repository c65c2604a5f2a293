/** Reads a model's files: detects the format by the contents and reads the files that belong to the model. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { dirname, extname, join } from "node:path";
import { recogniseModel } from "../catalog/catalog.ts";
import type { KnownModel } from "../catalog/known-model.ts";
import { ModelError } from "../errors.ts";
import { MODEL_FILE_TYPES } from "../module-format.ts";
import type { Importer, ModelFiles } from "./import/importer.ts";
import { importerOf } from "./import/importers.ts";
import { folderRefusal } from "./import/origin/folder.ts";
import { otherFile } from "./import/origin/other-files.ts";

/** A model's files and the importer of their format. */
export interface FoundModel extends ModelFiles {
  readonly importer: Importer;
}

/**
 * Reads a model file of one of `MODEL_FILE_TYPES`, and the files in its folder that belong to it.
 * @throws ModelError when a file is missing, cannot be read or is of another type.
 */
export async function readModelFiles(path: string): Promise<FoundModel> {
  const main = await readModelFile(
    path,
    `Give the path of ${MODEL_FILE_TYPES}; \`sabrewing pull yolov5n\` fetches one.`,
  );
  const extension = extname(path).toLowerCase();
  const other = otherFile(main, extension);
  if (other !== undefined) throw other.of(path);
  const importer = importerOf(main, extension);
  if (importer === undefined) {
    throw new ModelError(
      `${path}: expected ${MODEL_FILE_TYPES}`,
      "Give the .pt file that YOLOv5 saved, an .onnx or .tflite file, or a model.json that tensorflowjs_converter wrote.",
    );
  }
  const companions = new Map<string, Uint8Array>();
  for (const name of await addPathToErrors(path, () => importer.companions(main))) {
    companions.set(
      name,
      await readModelFile(
        join(dirname(path), name),
        `Put this file, which ${path} needs, into the same folder.`,
      ),
    );
  }
  return { importer, main, companions };
}

/** SHA-256 (hex) of the file, or of all files concatenated. */
export function sha256Of({ main, companions }: ModelFiles): string {
  const hash = createHash("sha256");
  for (const bytes of [main, ...companions.values()]) hash.update(bytes);
  return hash.digest("hex");
}

/** The model of the catalogue to which all these files belong. */
export function knownModel({ main, companions }: ModelFiles): KnownModel | undefined {
  const models = [main, ...companions.values()].map((bytes) =>
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
    if (code === "EISDIR") throw await folderRefusal(path);
    const what = code === "ENOENT" ? "no such file" : `it cannot be read (${code})`;
    throw new ModelError(`${path}: ${what}`, remedy, { cause });
  }
}
