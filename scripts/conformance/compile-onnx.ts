import { type CompiledModel, compile } from "../../detectors/compiler/compile.ts";
import type { ImportedTensors, NamedTensor } from "../../detectors/compiler/graph/graph.ts";
import type { TensorOptions } from "../../detectors/compiler/import/importer.ts";
import { readOnnx } from "../../detectors/compiler/import/onnx/read-onnx.ts";
import { importTensors } from "../../detectors/compiler/import/onnx/tensors/importer.ts";
import type { TensorDescription } from "../../detectors/module-format.ts";

/** A module of task `tensor`, with its inputs and outputs as the file names them. */
export interface CompiledTensors extends CompiledModel<TensorDescription> {
  readonly inputs: readonly NamedTensor[];
  readonly outputs: readonly NamedTensor[];
}

/**
 * Compiles the bytes of an .onnx file with its own inputs and outputs.
 * @throws ModelError that names every operator or value that cannot be compiled.
 */
export function compileOnnx(file: Uint8Array, options: Omit<TensorOptions, "name"> = {}): CompiledTensors {
  return compileTensors(importTensors(readOnnx(file), { name: "test", ...options }));
}

/** Compiles an imported model. */
export function compileTensors(model: ImportedTensors): CompiledTensors {
  const source = { format: "onnx", sha256: "0".repeat(64), licence: "unknown" } as const;
  const { inputs, outputs } = model;
  return { ...compile(model, { source }), inputs, outputs };
}
