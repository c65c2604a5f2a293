/** The errors for a file that breaks the rules of its own format (truncated, altered or crafted) or is not allowed. */
import { ModelError } from "../../errors.ts";

/**
 * No head that the compiler knows: the file's own inputs and outputs can still be compiled.
 */
export class UnknownHead extends ModelError {}

/** Operators that the compiler lacks, each listed once with its number. */
export class MissingOperators extends ModelError {}

/** A file of any format that breaks its rules. */
export function damagedModel(what: string, cause?: unknown): ModelError {
  return new ModelError(`Cannot read the model: ${what}.`, "Get the file again, or export the model again.", {
    cause,
  });
}

/** An ONNX file that breaks the format's rules. */
export function damagedOnnx(what: string, cause?: unknown): ModelError {
  return new ModelError(
    `Cannot read the ONNX model: ${what}.`,
    "Get the file again, or export the model again, and check it with onnx.checker.",
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

/** A TensorFlow Lite model that breaks the format's rules. */
export function damagedTflite(what: string, cause?: unknown): ModelError {
  return new ModelError(
    `Cannot read the TensorFlow Lite model: ${what}.`,
    "Get the file again and compare its SHA-256 with the publisher's, or convert the model again.",
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

/** A checkpoint that names classes or functions that YOLOv5 does not use, and that could run any code in Python. */
export function foreignClasses(names: readonly string[]): ModelError {
  const shown = names.slice(0, 20).map((name) => (name.length > 100 ? `${name.slice(0, 100)}…` : name));
  const rest = names.length > shown.length ? ` and ${names.length - shown.length} more` : "";
  return new ModelError(
    `The checkpoint uses classes or functions that YOLOv5 does not: ${shown.join(", ")}${rest}. Nothing was run.`,
    "Use only checkpoints from sources you trust; if you trust this one, export it to ONNX where it was trained and compile that.",
  );
}
