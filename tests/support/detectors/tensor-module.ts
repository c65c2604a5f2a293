/** Small modules of any task, written with the compiler's assembler. */
import { emitEntryPoints } from "../../../detectors/compiler/kernels/entry-points.ts";
import type { Assembler } from "../../../detectors/compiler/wasm/assembler.ts";
import { ModuleBuilder } from "../../../detectors/compiler/wasm/module.ts";
import {
  ABI,
  ALIGNMENT,
  DESCRIPTION_SECTION,
  IMPORT_MODULE,
  type ModelDescription,
  REPLY_HEADER_BYTES,
  REQUEST_HEADER_BYTES,
  type TensorDescription,
  type TensorSpec,
  tensorBytes,
} from "../../../detectors/module-format.ts";

/** Addresses that `infer` reads and writes. */
export interface TensorAddresses {
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly parameters: readonly number[];
  /** A word that keeps its value between inferences until `reset` makes it 0. */
  readonly state: number;
}

/** Writes the body of `infer`, which leaves the count of valid rows on the stack. */
export type WriteInfer = (code: Assembler, at: TensorAddresses) => void;

/** The description of a module that takes and returns what its task's test needs. */
export function describeTensors(
  inputs: readonly TensorSpec[],
  outputs: readonly TensorSpec[],
  more: Partial<TensorDescription> = {},
): TensorDescription {
  return {
    abi: ABI,
    task: "tensor",
    name: "small",
    inputs,
    outputs,
    parameters: [],
    precision: "f32",
    features: [],
    source: [{ format: "onnx", sha256: "0".repeat(64), licence: "CC0-1.0" }],
    compiler: { version: "0" },
    ...more,
  };
}

/** Assembles a module of this description. */
export function tensorModule(description: ModelDescription, writeInfer: WriteInfer): Uint8Array {
  const module = new ModuleBuilder();
  const signature = ["i32", "i32", "i32", "i32"] as const;
  const wasi = {
    fdRead: module.importFunction(IMPORT_MODULE, "fd_read", signature, ["i32"]),
    fdWrite: module.importFunction(IMPORT_MODULE, "fd_write", signature, ["i32"]),
    procExit: module.importFunction(IMPORT_MODULE, "proc_exit", ["i32"], []),
  };
  let end = 0;
  const reserve = (bytes: number): number => {
    const address = end;
    end = Math.ceil((address + bytes) / ALIGNMENT) * ALIGNMENT;
    return address;
  };
  const place = (spec: TensorSpec) => {
    const bytes = tensorBytes(spec);
    return { address: reserve(bytes), bytes, rows: spec.rows && (spec.shape[0] ?? 0) };
  };
  const layout = {
    ioVector: reserve(8),
    transferred: reserve(4),
    requestHeader: reserve(REQUEST_HEADER_BYTES + 4 * description.parameters.length),
    replyHeader: reserve(REPLY_HEADER_BYTES),
    parameters: description.parameters.map(() => reserve(4)),
    inputs: description.inputs.map(place),
    outputs: description.outputs.map(place),
  };
  const state = reserve(4);
  for (const [index, { default: value }] of description.parameters.entries()) {
    module.dataAt(layout.parameters[index] ?? 0, new Uint8Array(Float32Array.of(value).buffer));
  }
  const at: TensorAddresses = {
    inputs: layout.inputs.map(({ address }) => address),
    outputs: layout.outputs.map(({ address }) => address),
    parameters: layout.parameters,
    state,
  };
  const infer = module.function("infer", [], ["i32"], (code) => writeInfer(code, at));
  const reset = description.state
    ? module.function("reset", [], [], (code) => {
        code.i32(state).i32(0).memory("i32.store");
      })
    : undefined;
  const storeBytes = (bytes: Uint8Array): number => {
    const address = reserve(bytes.length);
    module.dataAt(address, bytes);
    return address;
  };
  emitEntryPoints(module, wasi, { infer, reset }, layout, storeBytes);
  module.customSection(DESCRIPTION_SECTION, new TextEncoder().encode(JSON.stringify(description)));
  return module.finish(end);
}

const MIXED_INPUTS: readonly TensorSpec[] = [
  { name: "bytes", shape: [3], dtype: "u8" },
  { name: "numbers", shape: [2, 2], dtype: "f32" },
  { name: "flags", shape: [], dtype: "bool" },
];
const MIXED_OUTPUTS: readonly TensorSpec[] = [
  { name: "rows", shape: [4, 2], dtype: "i16", rows: "counted" },
  { name: "product", shape: [2], dtype: "f32" },
  { name: "calls", shape: [1], dtype: "i32" },
  { name: "flag", shape: [], dtype: "bool" },
];

/** The description of `mixedModule`. */
export const MIXED: TensorDescription = describeTensors(MIXED_INPUTS, MIXED_OUTPUTS, {
  parameters: [{ name: "gain", default: 2 }],
  state: true,
});

/**
 * A module with inputs and outputs of several types, a parameter `gain` (default 2) and a state. `rows`: as many as the first
 * byte says, each with the second and the third byte. `product`: the first row of `numbers` times `gain`. `calls`: the number
 * of inferences since the last reset. `flag`: `flags`.
 */
export function mixedModule(): Uint8Array {
  return tensorModule(MIXED, (code, { inputs, outputs, parameters, state }) => {
    const [bytes = 0, numbers = 0, flags = 0] = inputs;
    const [rows = 0, product = 0, calls = 0, flag = 0] = outputs;
    for (const index of [0, 1, 2, 3, 4, 5, 6, 7]) {
      code
        .i32(rows + 2 * index)
        .i32(bytes + 1 + (index % 2))
        .memory("i32.load8_u")
        .memory("i32.store16");
    }
    for (const index of [0, 1]) {
      code
        .i32(product + 4 * index)
        .i32(numbers + 4 * index)
        .memory("f32.load");
      code
        .i32(parameters[0] ?? 0)
        .memory("f32.load")
        .op("f32.mul")
        .memory("f32.store");
    }
    code.i32(state).i32(state).memory("i32.load").i32(1).op("i32.add").memory("i32.store");
    code.i32(calls).i32(state).memory("i32.load").memory("i32.store");
    code.i32(flag).i32(flags).memory("i32.load8_u").memory("i32.store8");
    code.i32(bytes).memory("i32.load8_u");
  });
}

/**
 * A module of one input, u8 or f32, whose f32 outputs are its first numbers in order, of bytes divided by 256. It fits every
 * task: the first bytes of a picture become its scores, its embedding or its heat map.
 */
export function echoModule(description: ModelDescription): Uint8Array {
  const [input] = description.inputs;
  return tensorModule(description, (code, { inputs: [from = 0], outputs }) => {
    let next = from;
    for (const [index, { shape }] of description.outputs.entries()) {
      const count = shape.reduce((product, side) => product * side, 1);
      for (let element = 0; element < count; element++) {
        code.i32((outputs[index] ?? 0) + 4 * element).i32(next);
        if (input?.dtype === "u8") {
          code
            .memory("i32.load8_u")
            .op("f32.convert_i32_u")
            .f32(1 / 256)
            .op("f32.mul");
        } else code.memory("f32.load");
        code.memory("f32.store");
        next += input?.dtype === "u8" ? 1 : 4;
      }
    }
    code.i32(0);
  });
}
