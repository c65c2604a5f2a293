import type { NamedTensor } from "../../../detectors/compiler/graph/graph.ts";
import { importTflite } from "../../../detectors/compiler/import/tflite/importer.ts";
import { readTflite } from "../../../detectors/compiler/import/tflite/schema.ts";
import { type CompiledTensors, compileTensors } from "../../../scripts/conformance/compile-onnx.ts";
import { libraryExports } from "../../../scripts/conformance/run-library.ts";

/** Compiles the bytes of a .tflite file. */
export function compileTflite(file: Uint8Array): CompiledTensors {
  return compileTensors(importTflite(readTflite(file), { name: "test" }));
}

/** Runs a module once with the bytes of its inputs; the bytes of its outputs. */
export function runOnBytes(model: CompiledTensors, inputs: readonly Uint8Array[]): readonly Uint8Array[] {
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
