import { ModelError } from "../../errors.ts";

/** An ONNX file that breaks the format's own rules: truncated, altered, or made to be neither. */
export function damagedOnnx(what: string, cause?: unknown): ModelError {
  return new ModelError(
    `Cannot read the ONNX model: ${what}.`,
    "Export the model again (export.py --include onnx), and check it with onnx.checker.",
    { cause },
  );
}
