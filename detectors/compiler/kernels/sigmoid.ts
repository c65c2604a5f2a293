/**
 * The logistic function on four floats at once, the hot half of every activation.
 *
 * 1 / (1 + 2^t) with t = −x·log₂e: 2^t = 2^n · p(t − n), n the nearest whole number (by adding and subtracting 1.5·2²³),
 * p a minimax polynomial on [−½, ½] (Muller, "Elementary Functions", ch. 3); n goes into the exponent by an integer addition.
 */
import type { Target } from "../target.ts";
import type { Assembler, Local } from "../wasm/assembler.ts";
import { broadcast } from "./loops.ts";
import { multiplyAdd } from "./multiply-add.ts";

/** Adding 1.5 · 2²³ leaves a float's nearest whole number in its low bits, exact up to 2²². */
export const ROUNDER = 12_582_912;

/** Coefficients of p from that of the highest power down; the last of all is 1. */
const POLYNOMIALS = {
  /** Relative error 2.6e-6. */
  float: [0.00957010211, 0.0559178628, 0.240247448, 0.693121814],
  /** Relative error 1.0e-4: SiLU's is at most 2.3e-5, and is rounded to fewer than 16 bits after that. */
  whole: [0.0550089713, 0.24221106, 0.693282934],
} as const;

/** Beyond ±126 the power of two leaves the normal floats, and the result has long been 0 or 1. */
const FARTHEST = 126;

/** What the result becomes: a float, or after all a whole number. */
type Accuracy = keyof typeof POLYNOMIALS;

/**
 * Prepares 1 + 2^t for the vector t on the stack. The constants are loaded into locals here, so call it before the loop: a
 * `v128.const` inside costs 40 % more (V8 13.6).
 */
export function prepareOnePlusPower(code: Assembler, accuracy: Accuracy, target: Target): () => void {
  const [highest, lowest] = [broadcast(code, FARTHEST), broadcast(code, -FARTHEST)];
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

/** Prepares 1 + e^−x for the vector x on the stack: what both the logistic function and SiLU divide by. */
export function prepareOnePlusExpMinus(code: Assembler, target: Target): () => void {
  const minusLog2e = broadcast(code, -Math.LOG2E);
  const onePlusPower = prepareOnePlusPower(code, "float", target);
  return () => {
    code.get(minusLog2e).op("f32x4.mul");
    onePlusPower();
  };
}

/** What `prepareCoarseSilu` counts in: twice an octave's e-logarithm, as the bits of a float's fraction divide it. */
export const COARSE_SILU_UNIT = Math.LN2 / 2 ** 22;

/** 2^±62: neither overflows, not even times the number. */
const FARTHEST_COARSE = 62 * 2 ** 23;

/**
 * Prepares SiLU for a vector v of numbers in units of `COARSE_SILU_UNIT`; what it leaves on the stack is in the same unit.
 *
 * v / (1 + e^−x) = v · 2^u / (2^u + 2^−u), u half of x in octaves. A float whose bits are those of 1 plus v has about the value 2^u
 * (Schraudolph 1999, "A Fast, Compact Approximation of the Exponential Function", Neural Computation 11); in the quotient most
 * of the errors of the two cancel out, and at most 2.4e-3 is left, on average nothing.
 */
export function prepareCoarseSilu(code: Assembler): (v: Local) => void {
  const [highest, lowest] = [broadcast(code, FARTHEST_COARSE), broadcast(code, -FARTHEST_COARSE)];
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
