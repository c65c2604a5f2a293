/** Compiles any ONNX model with its own inputs and outputs: no head, no preprocessing. */
import { emitLibrary } from "./emit-library.ts";
import { readOnnx } from "./import/onnx/read-onnx.ts";
import {
  importTensorModel,
  type TensorModel,
  type TensorModelOptions,
} from "./import/onnx/tensors/importer.ts";
import { runPasses } from "./passes/index.ts";
import type { Target } from "./target.ts";

/** A compiled model. `bytes` is a module for any engine; `emitLibrary` describes its exports. */
export interface CompiledTensorModel extends TensorModel {
  readonly bytes: Uint8Array;
}

/**
 * @param file an .onnx file
 * @throws ModelError that names every operator or value that cannot be compiled.
 */
export function compileTensorModel(
  file: Uint8Array,
  options: TensorModelOptions = {},
  target: Target = "simd128",
): CompiledTensorModel {
  const model = importTensorModel(readOnnx(file), options);
  const graph = runPasses(model.graph);
  return { ...model, graph, bytes: emitLibrary(graph, target) };
}
