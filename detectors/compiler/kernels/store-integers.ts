/** Reals become whole numbers, and lie in memory as such. */
import type { ConvolutionQuantization, StoredInteger } from "../graph/graph.ts";
import { STORED_RANGE } from "../ops/quantized-conv2d.ts";
import type { Assembler, Local } from "../wasm/assembler.ts";
import { broadcast } from "./loops.ts";
import { ROUNDER } from "./sigmoid.ts";

/** What has to have been added to a real that is stored: the rest of a u7 is cut off, which rounds it with a half more. */
export const ROUNDING_OFFSET: Readonly<Record<StoredInteger, number>> = { i16: 0, u7: 0.5 };

/** Stores two vectors of reals as eight whole numbers. */
type StoreIntegers = (output: Local, low: Local, high: Local) => void;

/**
 * Prepares what rounds reals and stores them within the range of their type.
 * @param least the least real that may come, before it is divided by the scale
 */
export function prepareStoringIntegers(
  code: Assembler,
  { dtype, scale, zero }: NonNullable<ConvolutionQuantization["output"]>,
  least: number,
): StoreIntegers {
  if (dtype === "u7") return prepareStoringBytes(code);
  // Of a sum above the rounder's bits only grow, and narrowing cuts them off. One below 0 would have another sign.
  return prepareStoringShorts(
    code,
    scale.some((factor, channel) => least / factor + (zero[channel] ?? 0) <= -ROUNDER),
  );
}

/** @param mayFallFar whether a real may be so far below 0 that the rounder does not hold it */
function prepareStoringShorts(code: Assembler, mayFallFar: boolean): StoreIntegers {
  const floor = mayFallFar ? broadcast(code, -ROUNDER / 2) : undefined;
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

/** Where there are bytes there is relaxed SIMD. Far below 0 all engines agree: it becomes the least i32, and so 0. */
function prepareStoringBytes(code: Assembler): StoreIntegers {
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
