/** Loading, limiting and storing quantized bytes as vectors of i16. */
import type { QuantizedResult } from "../../ops/fixed-point/quantized.ts";
import { RANGE } from "../../ops/fixed-point/quantized.ts";
import type { Assembler, Local } from "../../wasm/assembler.ts";

/** Loads eight bytes as i16. */
export const LOAD_8 = { i8: "i16x8.load8x8_s", u8: "i16x8.load8x8_u" } as const;
/** Loads a byte as i32. */
export const LOAD_1 = { i8: "i32.load8_s", u8: "i32.load8_u" } as const;

const NARROW = { i8: "i8x16.narrow_i16x8_s", u8: "i8x16.narrow_i16x8_u" } as const;

/** A local with a number in all eight i16. */
export function splat16(code: Assembler, number: number): Local {
  const local = code.local("v128");
  code.i32(number).op("i16x8.splat").set(local);
  return local;
}

/**
 * Prepares the end of a result: pushes, for two vectors of four scaled integers, eight bytes: plus the zero point, limited.
 */
export function prepareBytes(
  code: Assembler,
  { dtype, zero, least, most }: Omit<QuantizedResult, "scale">,
): (low: () => void, high: () => void) => void {
  const [lowest, highest] = RANGE[dtype];
  const offset = zero === 0 ? undefined : splat16(code, zero);
  const floor = least === lowest ? undefined : splat16(code, least);
  const ceiling = most === highest ? undefined : splat16(code, most);
  const narrowed = code.local("v128");
  return (low, high) => {
    low();
    high();
    // Numbers beyond i16 saturate, and are limited to a byte anyway.
    code.op("i16x8.narrow_i32x4_s");
    if (offset) code.get(offset).op("i16x8.add_sat_s");
    if (floor) code.get(floor).op("i16x8.max_s");
    if (ceiling) code.get(ceiling).op("i16x8.min_s");
    code.tee(narrowed).get(narrowed).op(NARROW[dtype]);
  };
}

/** Stores the first `count` of eight bytes in a local. */
export function storeBytes(code: Assembler, address: Local, bytes: Local, count: number, offset = 0): void {
  let at = 0;
  for (const size of [8, 4, 2, 1] as const) {
    if (count - at < size) continue;
    code
      .get(address)
      .get(bytes)
      .storeLane(size, at / size, offset + at);
    at += size;
  }
}
