/** Runs a compiled model in this process's engine, through its library exports. */
import type { CompiledTensorModel } from "../../detectors/compiler/compile-tensor-model.ts";
import { ARRAYS, type NumberArray } from "../../detectors/compiler/graph/value.ts";
import type { NamedTensor } from "../../detectors/compiler/import/onnx/tensors/importer.ts";
import { elements } from "../../detectors/compiler/ops/shapes.ts";

/**
 * @param inputs numbers of each input, by name
 * @returns the numbers of each output, in order
 */
export function runLibrary(
  { bytes, inputs: inputSpecs, outputs }: CompiledTensorModel,
  inputs: ReadonlyMap<string, ArrayLike<number>>,
): readonly NumberArray[] {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(bytes)));
  const { memory, infer } = exports;
  if (!(memory instanceof WebAssembly.Memory) || typeof infer !== "function") {
    throw new Error("the module lacks memory or infer");
  }
  const view = (name: string, { dtype, shape }: NamedTensor): NumberArray => {
    const address = exports[name];
    if (!(address instanceof WebAssembly.Global)) throw new Error(`the module lacks ${name}`);
    return new ARRAYS[dtype](memory.buffer, address.value, elements(shape));
  };
  for (const [index, spec] of inputSpecs.entries()) {
    view(`input_${index}`, spec).set(inputs.get(spec.name) ?? []);
  }
  Reflect.apply(infer, undefined, []);
  return outputs.map((spec, index) => view(`output_${index}`, spec).slice());
}
