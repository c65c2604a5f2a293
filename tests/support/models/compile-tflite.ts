import { type CompiledModel, compile } from "../../../detectors/compiler/compile.ts";
import type { NamedTensor } from "../../../detectors/compiler/graph/graph.ts";
import { importTflite } from "../../../detectors/compiler/import/tflite/importer.ts";
import { readTflite } from "../../../detectors/compiler/import/tflite/schema.ts";
import type { TensorDescription } from "../../../detectors/module-format.ts";
import { libraryExports } from "../../../scripts/conformance/run-library.ts";

/** A compiled file, with its inputs and outputs. */
export interface CompiledTflite extends CompiledModel<TensorDescription> {
  readonly inputs: readonly NamedTensor[];
  readonly outputs: readonly NamedTensor[];
}

/** Compiles the bytes of a .tflite file. */
export function compileTflite(file: Uint8Array): CompiledTflite {
  const model = importTflite(readTflite(file), { name: "test" });
  const source = { format: "tflite", sha256: "0".repeat(64), licence: "unknown" } as const;
  return { ...compile(model, { source }), inputs: model.inputs, outputs: model.outputs };
}

/** Runs a module once with the bytes of its inputs; the bytes of its outputs. */
export function runOnBytes(model: CompiledTflite, inputs: readonly Uint8Array[]): readonly Uint8Array[] {
  const { infer, view } = libraryExports(model.bytes);
  const bytesOf = (name: string, spec: NamedTensor): Uint8Array => {
    const { buffer, byteOffset, byteLength } = view(name, spec);
    return new Uint8Array(buffer, byteOffset, byteLength);
  };
  for (const [index, spec] of model.inputs.entries()) {
    bytesOf(`input_${index}`, spec).set(inputs[index] ?? []);
  }
  infer();
  return model.outputs.map((spec, index) => bytesOf(`output_${index}`, spec).slice());
}
