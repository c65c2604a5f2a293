/** Runs a compiled model in this process's engine, through its library exports. */
import type { NamedTensor } from "../../detectors/compiler/graph/graph.ts";
import { ARRAYS, type NumberArray } from "../../detectors/compiler/graph/value.ts";
import { elements } from "../../detectors/compiler/ops/shapes.ts";
import { ALLOWED_IMPORTS, addressExport, IMPORT_MODULE } from "../../detectors/module-format.ts";
import type { CompiledTensors } from "./compile-onnx.ts";

/** The library exports of an instance. */
export interface LibraryExports {
  readonly infer: () => void;
  /** Forgets earlier inferences. @throws Error when the module has no state. */
  readonly reset: () => void;
  /** The numbers of an input or output in the module's memory, by the name of its export. */
  readonly view: (name: string, type: Pick<NamedTensor, "dtype" | "shape">) => NumberArray;
}

/** Numbers of each input, by name. */
type NamedNumbers = ReadonlyMap<string, ArrayLike<number>>;

/** A compiled model in this process's engine. */
export interface Library {
  /** The numbers of each output, in order. */
  infer(inputs: NamedNumbers): readonly NumberArray[];
  /** Forgets earlier inferences. @throws Error when the module has no state. */
  reset(): void;
}

/** One inference of a new instance: the numbers of each output, in order. */
export function runLibrary(model: CompiledTensors, inputs: NamedNumbers): readonly NumberArray[] {
  return openLibrary(model).infer(inputs);
}

/** Instantiates a compiled model. */
export function openLibrary({ bytes, inputs: inputSpecs, outputs }: CompiledTensors): Library {
  const { infer, reset, view } = libraryExports(bytes);
  return {
    infer(inputs) {
      for (const [index, spec] of inputSpecs.entries()) {
        view(addressExport("input", index), spec).set(inputs.get(spec.name) ?? []);
      }
      infer();
      return outputs.map((spec, index) => view(addressExport("output", index), spec).slice());
    },
    reset,
  };
}

/** Instantiates a module without a host. */
export function libraryExports(bytes: Uint8Array): LibraryExports {
  const refuse = (): never => {
    throw new Error("the library door must not call the host");
  };
  const host = Object.fromEntries(ALLOWED_IMPORTS.map((name) => [name, refuse]));
  const module = new WebAssembly.Module(Uint8Array.from(bytes));
  const { exports } = new WebAssembly.Instance(module, { [IMPORT_MODULE]: host });
  const { memory, infer, reset } = exports;
  if (!(memory instanceof WebAssembly.Memory) || typeof infer !== "function") {
    throw new Error("the module lacks memory or infer");
  }
  return {
    infer: () => void Reflect.apply(infer, undefined, []),
    reset() {
      if (typeof reset !== "function") throw new Error("the module has no state to reset");
      Reflect.apply(reset, undefined, []);
    },
    view(name, { dtype, shape }) {
      const address = exports[name];
      if (!(address instanceof WebAssembly.Global)) throw new Error(`the module lacks ${name}`);
      return new ARRAYS[dtype](memory.buffer, address.value, elements(shape));
    },
  };
}
