import { ModelError } from "../../errors.ts";

/** A TensorFlow.js model that breaks the format's own rules: truncated, altered, or made to be neither. */
export function damagedTfjs(what: string, cause?: unknown): ModelError {
  return new ModelError(
    `Cannot read the TensorFlow.js model: ${what}.`,
    "Get model.json and its weight files again (they belong together), or convert the model again with tensorflowjs_converter.",
    { cause },
  );
}
