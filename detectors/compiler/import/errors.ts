/** The errors for a file that breaks the rules of its own format: truncated, altered or crafted. */
import { ModelError } from "../../errors.ts";

/** An ONNX file that breaks the format's rules. */
export function damagedOnnx(what: string, cause?: unknown): ModelError {
  return new ModelError(
    `Cannot read the ONNX model: ${what}.`,
    "Export the model again (export.py --include onnx), and check it with onnx.checker.",
    { cause },
  );
}

/** A TensorFlow.js model that breaks the format's rules. */
export function damagedTfjs(what: string, cause?: unknown): ModelError {
  return new ModelError(
    `Cannot read the TensorFlow.js model: ${what}.`,
    "Get model.json and its weight files again (they belong together), or convert the model again with tensorflowjs_converter.",
    { cause },
  );
}

/** A checkpoint whose archive or pickle is damaged. */
export function damagedCheckpoint(what: string, cause?: unknown): ModelError {
  return new ModelError(
    `Cannot read the checkpoint: ${what}.`,
    "Get the file again and compare its SHA-256 with the publisher's.",
    { cause },
  );
}
