import type { DType } from "../graph/graph.ts";
import { ELEMENT_BYTES } from "../memory/layout.ts";
import type { Assembler, Local } from "../wasm/assembler.ts";

/** Leaves four neighbouring numbers on the stack as floats; `first` counts numbers from the address on. */
export function loadReals(
  code: Assembler,
  dtype: DType,
  address: Local,
  byteOffset: number,
  first = 0,
): void {
  const offset = byteOffset + first * ELEMENT_BYTES[dtype];
  switch (dtype) {
    case "f32":
      code.get(address).memory("v128.load", offset);
      return;
    case "i16":
      code.get(address).memory("v128.load16x4_s", offset).op("f32x4.convert_i32x4_s");
      return;
    case "u8":
      throw new Error("no kernel computes with the bytes of the picture but normalize");
  }
}
