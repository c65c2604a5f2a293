import type { ValueType } from "../../../detectors/compiler/graph/value.ts";
import { ELEMENT_BYTES } from "../../../detectors/compiler/graph/value.ts";
import { elements } from "../../../detectors/compiler/ops/shapes.ts";

/** Runs a library module once in this process's engine; the bytes of one of its outputs. */
export function libraryOutput(
  module: Uint8Array,
  inputs: readonly Uint8Array[],
  output: ValueType | undefined,
  index = 0,
): Uint8Array {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(module)));
  const { memory, infer } = exports;
  if (!(memory instanceof WebAssembly.Memory) || typeof infer !== "function" || output === undefined) {
    throw new Error("a library module exports memory and infer, and has an output");
  }
  const address = (name: string): number => {
    const global = exports[name];
    if (!(global instanceof WebAssembly.Global)) throw new Error(`the module does not export ${name}`);
    return global.value;
  };
  const bytes = new Uint8Array(memory.buffer);
  for (const [at, input] of inputs.entries()) bytes.set(input, address(`input_${at}`));
  Reflect.apply(infer, undefined, []);
  const from = address(`output_${index}`);
  return bytes.slice(from, from + elements(output.shape) * ELEMENT_BYTES[output.dtype]);
}
