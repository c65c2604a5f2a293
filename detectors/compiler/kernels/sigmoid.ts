/**
 * The logistic function on four floats at once, the most expensive part of SiLU and sigmoid.
 *
 * 1 / (1 + 2^t) with t = −x·log₂e: 2^t = 2^n · p(t − n), where n is the nearest integer (by adding and subtracting 1.5·2²³) and
 * p a minimax polynomial on [−½, ½] (Muller, "Elementary Functions", ch. 3). An integer addition puts n into the exponent.
 */
import type { Target } from "../target.ts";
import type { Assembler, Local } from "../wasm/assembler.ts";
import { broadcast } from "./loops.ts";
import { multiplyAdd } from "./multiply-add.ts";

/** Adding 1.5 · 2²³ rounds a float to the nearest integer in its low bits, exact up to 2²². */
export const ROUNDER = 12_582_912;

/** Coefficients of p, highest power first; the constant term is 1. */
const POLYNOMIALS = {
  /** Relative error 2.6e-6. */
  float: [0.00957010211, 0.0559178628, 0.240247448, 0.693121814],
  /** Relative error 1.0e-4: that of SiLU is at most 2.3e-5, and the result is then rounded to fewer than 16 bits. */
  integer: [0.0550089713, 0.24221106, 0.693282934],
} as const;

/** Beyond ±126 the power of two is not a normal float, and the result is 0 or 1 anyway. */
const MAX_EXPONENT = 126;

/** Whether the result stays a float or is rounded to an integer. */
type Accuracy = keyof typeof POLYNOMIALS;

/**
 * Prepares 1 + 2^t for the vector t on the stack. It loads constants into locals, so call it before the loop: a `v128.const`
 * inside the loop costs 40 % more time (V8 13.6).
 */
export function prepareOnePlusPower(code: Assembler, accuracy: Accuracy, target: Target): () => void {
  const [highest, lowest] = [broadcast(code, MAX_EXPONENT), broadcast(code, -MAX_EXPONENT)];
  const [rounder, one] = [broadcast(code, ROUNDER), broadcast(code, 1)];
  const [highestPower, ...lowerPowers] = POLYNOMIALS[accuracy];
  const leading = broadcast(code, highestPower);
  const coefficients = [...lowerPowers.map((coefficient) => broadcast(code, coefficient)), one];
  const t = code.local("v128");
  const rounded = code.local("v128");
  const fraction = code.local("v128");
  return () => {
    code.get(highest).op("f32x4.pmin").get(lowest).op("f32x4.pmax").tee(t);
    code.get(rounder).op("f32x4.add").set(rounded);
    code.get(t).get(rounded).get(rounder).op("f32x4.sub").op("f32x4.sub").set(fraction);
    code.get(leading);
    for (const coefficient of coefficients) {
      code.get(fraction);
      multiplyAdd(code, target, coefficient);
    }
    code.get(rounded).i32(23).op("i32x4.shl").op("i32x4.add");
    code.get(one).op("f32x4.add");
  };
}

/** Prepares 1 + e^−x for the vector x on the stack: the divisor of the logistic function and of SiLU. */
export function prepareOnePlusExpMinus(code: Assembler, target: Target): () => void {
  const minusLog2e = broadcast(code, -Math.LOG2E);
  const onePlusPower = prepareOnePlusPower(code, "float", target);
  return () => {
    code.get(minusLog2e).op("f32x4.mul");
    onePlusPower();
  };
}

/** The unit of `prepareCoarseSilu`: 2 · ln 2, divided by the 2²³ steps of a float's fraction. */
export const COARSE_SILU_UNIT = Math.LN2 / 2 ** 22;

/** Limits the powers to 2^±62: they do not overflow, even multiplied by v. */
const MAX_COARSE = 62 * 2 ** 23;

/**
 * Prepares SiLU for a vector v in units of `COARSE_SILU_UNIT`; the result has the same unit.
 *
 * v / (1 + e^−x) = v · 2^u / (2^u + 2^−u) with u = x / (2 · ln 2). A float with the bits of 1 plus v is approximately 2^u
 * (Schraudolph 1999, "A Fast, Compact Approximation of the Exponential Function", Neural Computation 11). Most errors of
 * the two powers cancel in the quotient: at most 2.4e-3 remains, and zero on average.
 */
export function prepareCoarseSilu(code: Assembler): (v: Local) => void {
  const [highest, lowest] = [broadcast(code, MAX_COARSE), broadcast(code, -MAX_COARSE)];
  const one = broadcast(code, 1);
  const bits = code.local("v128");
  const power = code.local("v128");
  return (v) => {
    code.get(v).get(highest).op("f32x4.pmin").get(lowest).op("f32x4.pmax");
    code.op("i32x4.relaxed_trunc_f32x4_s").set(bits);
    code.get(one).get(bits).op("i32x4.add").set(power);
    code.get(v).get(power).op("f32x4.mul");
    code.get(one).get(bits).op("i32x4.sub").get(power).op("f32x4.add");
    code.op("f32x4.div");
  };
}
