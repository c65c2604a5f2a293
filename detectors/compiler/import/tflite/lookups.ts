/** Functions of one quantized byte: tables of 256 results, as TensorFlow Lite's reference kernels compute them. */
import {
  dividedByPowerOfTwo,
  multiplierOf,
  roundHalfAway,
  scaled,
} from "../../ops/fixed-point/arithmetic.ts";
import { lookupTable } from "../../ops/fixed-point/elementwise.ts";
import type { Quantized, QuantizedResult } from "../../ops/fixed-point/quantized.ts";
import { isByte } from "../../ops/fixed-point/quantized.ts";
import type { FusedActivation, TfliteCall, TfliteImporter } from "./call.ts";

/** The stored result of a stored number. */
type OnStored = (x: number, input: Quantized, output: QuantizedResult) => number;

/** Looks every byte of the first input up in the table of a function. */
export function lookedUp(
  call: TfliteCall,
  value: string,
  input: Quantized,
  output: QuantizedResult,
  compute: OnStored,
): string {
  const dtype = call.dtypeOf(value);
  if (!isByte(dtype)) throw call.refuse(`computes with quantized integers of ${dtype}`);
  const table = lookupTable(dtype, output, (x) => compute(x, input, output));
  const { scale, zero, dtype: type } = output;
  return call.add("lookup", [value], { input, output: { dtype: type, scale, zero }, table });
}

/** A function of the first input. */
function lookupOf(compute: OnStored, limits: FusedActivation = "NONE"): (call: TfliteCall) => string {
  return (call) => lookedUp(call, call.value(0), call.quantized(call.input(0)), call.result(limits), compute);
}

/** A function of reals in binary32 (`LUTPopulate`). */
function ofReal(compute: (x: number) => number): OnStored {
  return (x, input, output) => {
    const real = Math.fround(compute(Math.fround(input.scale * (x - input.zero))));
    return roundHalfAway(Math.fround(real * Math.fround(1 / output.scale))) + output.zero;
  };
}

/** The same real number on another scale (`Requantize`). */
export const requantized: OnStored = (x, input, output) =>
  scaled(x - input.zero, multiplierOf(input.scale / output.scale)) + output.zero;

/** The same with a ratio of the scales in binary32 (`QuantizedReluX`). */
const rescaled: OnStored = (x, input, output) =>
  scaled(x - input.zero, multiplierOf(Math.fround(input.scale / output.scale))) + output.zero;

/** `QuantizeLeakyRelu`. */
function leakyRelu(call: TfliteCall): string {
  const slope = call.options.float32(0);
  return lookupOf((x, input, output) => {
    if (x >= input.zero) return rescaled(x, input, output);
    const factor = Math.fround(Math.fround(input.scale * slope) / output.scale);
    const { significand, shift } = multiplierOf(Math.abs(factor));
    return scaled(x - input.zero, { significand: Math.sign(factor) * significand, shift }) + output.zero;
  })(call);
}

const MOST_16 = 2 ** 15 - 1;
const LEAST_16 = -(2 ** 15);
const saturated16 = (x: number): number => Math.max(LEAST_16, Math.min(MOST_16, x));
/** `SaturatingRoundingDoublingHighMul` of 16 bits. */
const highProduct16 = (a: number, b: number): number => saturated16(Math.floor((a * b + 2 ** 14) / 2 ** 15));
/** A multiplier with a significand of 15 bits (`DownScaleInt32ToInt16Multiplier`). */
function multiplier16(real: number): { significand: number; shift: number } {
  const { significand, shift } = multiplierOf(real);
  return { significand: Math.min(MOST_16, (significand + 2 ** 15) >> 16), shift };
}

/** `HardSwish` in 16-bit fixed point: x · relu6(x + 3) / 6, with the relu as a number from 0 to 2¹⁵. */
const hardSwish: OnStored = (x, input, output) => {
  const fine = Math.fround(Math.fround(1 / 128) * input.scale);
  const toOutput = multiplier16(Math.fround(fine / output.scale));
  const toRelu = multiplier16(Math.fround(fine / Math.fround(3 / 32768)));
  const value = (x - input.zero) * 128;
  const onOutput = highProduct16(value, toOutput.significand);
  let relu = value;
  if (toRelu.shift > 0) relu = saturated16(relu * 2 ** (toRelu.shift - 1));
  relu = highProduct16(relu, toRelu.significand);
  if (toRelu.shift > 0) relu = saturated16(relu * 2);
  if (toRelu.shift < 0) relu = dividedByPowerOfTwo(relu, -toRelu.shift);
  relu = (relu + 2 ** 15) >> 1;
  const product = saturated16(Math.trunc((relu * onOutput) / 2 ** 15));
  return dividedByPowerOfTwo(product, -toOutput.shift) + output.zero;
};

/** Functions of quantized bytes, by the name of the operator. */
export const lookupOperators: Readonly<Record<string, TfliteImporter>> = {
  LOGISTIC: lookupOf(ofReal((x) => 1 / Math.fround(1 + Math.fround(Math.exp(-x))))),
  TANH: lookupOf(ofReal(Math.tanh)),
  ELU: lookupOf(ofReal((x) => (x < 0 ? Math.fround(Math.expm1(x)) : x))),
  EXP: lookupOf(ofReal(Math.exp)),
  HARD_SWISH: lookupOf(hardSwish),
  RELU: lookupOf(rescaled, "RELU"),
  RELU6: lookupOf(rescaled, "RELU6"),
  RELU_N1_TO_1: lookupOf(rescaled, "RELU_N1_TO_1"),
  LEAKY_RELU: leakyRelu,
  QUANTIZE: lookupOf(requantized),
};
