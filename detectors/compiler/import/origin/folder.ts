import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { ModelError } from "../../../errors.ts";
import { MODEL_FILE_TYPES } from "../../../module-format.ts";

/** Names listed in a message. */
const MOST_NAMES = 8;

/** The refusal of a folder in place of a model file: it names the model in it. */
export async function folderRefusal(path: string): Promise<ModelError> {
  const names = (await readdir(path).catch(() => [])).toSorted();
  const { what, remedy } = contentsOf(path, names);
  return new ModelError(`${path}: this is a folder${what}, not a file`, remedy);
}

function contentsOf(
  path: string,
  names: readonly string[],
): { readonly what: string; readonly remedy: string } {
  const models = names.filter((name) => /\.(onnx|pt|pth|tflite)$|^model\.json$/i.test(name));
  const [model, ...others] = models;
  if (model !== undefined) {
    const listed = models.slice(0, MOST_NAMES).join(", ");
    const more = models.length > MOST_NAMES ? ` and ${models.length - MOST_NAMES} more` : "";
    return {
      what: "",
      remedy:
        others.length === 0
          ? `Give the file in it: ${join(path, model)}`
          : `Give a file in it: ${listed}${more}.`,
    };
  }
  if (names.includes("saved_model.pb")) {
    return {
      what: " with a TensorFlow SavedModel",
      remedy: `Convert it to ONNX: python -m tf2onnx.convert --saved-model ${path} --output model.onnx`,
    };
  }
  if (names.includes("Manifest.json") && names.includes("Data")) {
    return {
      what: " with a Core ML model",
      remedy:
        "Export the model to ONNX with the program that made it: Core ML's own files cannot be converted back.",
    };
  }
  return {
    what: "",
    remedy: `Give the path of the model in it: ${MODEL_FILE_TYPES}.`,
  };
}
