import { ModelError } from "../../../errors.ts";
import { MODEL_FILE_TYPES } from "../../../module-format.ts";

/** Names listed in a message. */
const MOST_NAMES = 5;

/** The refusal of a zip archive that is no checkpoint of torch. @param names of its entries */
export function otherArchive(names: readonly string[]): ModelError {
  if (names.some((name) => name.endsWith("/constants.pkl"))) {
    return new ModelError(
      "The file is TorchScript: it contains compiled code of torch, not a checkpoint.",
      "Compile the .pt file from which it was made, or export that model to ONNX (for YOLOv5: export.py --include onnx).",
    );
  }
  if (names.includes("model.weights.h5")) {
    return new ModelError(
      "The file is a Keras model (.keras).",
      'Convert it to ONNX in Python: keras.models.load_model("model.keras").export("model.onnx", format="onnx")',
    );
  }
  if (names.length > 0 && names.every((name) => name.endsWith(".npy"))) {
    return new ModelError(
      "The file holds arrays of NumPy (.npz): it does not say how the layers are connected.",
      "Export the model to ONNX with the program that made it.",
    );
  }
  const model = names.find((name) => /(\.(onnx|pt|pth)|(^|\/)model\.json)$/i.test(name));
  if (model !== undefined) {
    return new ModelError(
      `The file is a zip archive around the model ${JSON.stringify(model)}.`,
      "Unpack it (unzip FILE), and compile the model in it.",
    );
  }
  const shown = names.slice(0, MOST_NAMES).map((name) => JSON.stringify(name));
  const more = names.length > shown.length ? ` and ${names.length - shown.length} more` : "";
  return new ModelError(
    `The file is a zip archive, but no checkpoint of torch: it holds ${shown.join(", ") || "nothing"}${more}.`,
    `Give ${MODEL_FILE_TYPES}.`,
  );
}
