import { ELEMENT_BYTES } from "../graph/value.ts";
import type { Assembler, Local } from "../wasm/assembler.ts";
import type { MapType } from "./kernel.ts";

/** Pushes four consecutive numbers as floats, starting with number `first` at address + byteOffset. */
export function loadAsFloats(
  code: Assembler,
  dtype: MapType,
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
    case "u7":
      code.get(address).memory("v128.load32_zero", offset);
      code.op("i16x8.extend_low_i8x16_u").op("i32x4.extend_low_i16x8_u").op("f32x4.convert_i32x4_s");
      return;
  }
}
