/** Rounds reals and stores them as integers. */

import type { StoredInteger } from "../graph/value.ts";
import type { ConvolutionQuantization } from "../ops/quantized-conv2d.ts";
import { STORED_RANGE } from "../ops/quantized-conv2d.ts";
import type { Assembler, Local } from "../wasm/assembler.ts";
import { broadcast } from "./loops.ts";
import { ROUNDER } from "./sigmoid.ts";

/** The offset to add to a real before it is stored: u7 truncates, which rounds with an offset of a half. */
export const ROUNDING_OFFSET: Readonly<Record<StoredInteger, number>> = { i16: 0, u7: 0.5 };

/** Stores two vectors of reals as eight integers. */
type StoreIntegers = (output: Local, low: Local, high: Local) => void;

/**
 * Prepares rounding, saturation to the range of the type, and the store.
 * @param least the minimum of the reals, before they are divided by the scale
 */
export function prepareStoringIntegers(
  code: Assembler,
  { dtype, scale, zero }: NonNullable<ConvolutionQuantization["output"]>,
  least: number,
): StoreIntegers {
  if (dtype === "u7") return prepareStoringU7(code);
  // Above the rounder's range the bits still grow with the real, so that narrowing saturates. A sum below 0 would flip the sign.
  return prepareStoringI16(
    code,
    scale.some((factor, channel) => least / factor + (zero[channel] ?? 0) <= -ROUNDER),
  );
}

/** @param canUnderflow whether a real can be below the range of the rounder */
function prepareStoringI16(code: Assembler, canUnderflow: boolean): StoreIntegers {
  const floor = canUnderflow ? broadcast(code, -ROUNDER / 2) : undefined;
  const rounder = broadcast(code, ROUNDER);
  const [least, most] = STORED_RANGE.i16.map((end) => {
    const local = code.local("v128");
    code.i32(end).op("i16x8.splat").set(local);
    return local;
  });
  if (!least || !most) throw new Error("a range has two ends");
  return (output, low, high) => {
    code.get(output);
    for (const reals of [low, high]) {
      code.get(reals);
      if (floor) code.get(floor).op("f32x4.pmax");
      code.get(rounder).op("f32x4.add").get(rounder).op("i32x4.sub");
    }
    code.op("i16x8.narrow_i32x4_s").get(most).op("i16x8.min_s").get(least).op("i16x8.max_s");
    code.memory("v128.store");
  };
}

/** u7 implies relaxed SIMD. Engines agree far below 0: the result is the minimum i32, which saturates to 0. */
function prepareStoringU7(code: Assembler): StoreIntegers {
  const most = broadcast(code, STORED_RANGE.u7[1] + ROUNDING_OFFSET.u7);
  const narrowed = code.local("v128");
  return (output, low, high) => {
    code.get(output);
    for (const reals of [low, high]) {
      code.get(reals).get(most).op("f32x4.pmin").op("i32x4.relaxed_trunc_f32x4_s");
    }
    code.op("i16x8.narrow_i32x4_s").tee(narrowed).get(narrowed);
    code.op("i8x16.narrow_i16x8_u").storeLowHalf();
  };
}
