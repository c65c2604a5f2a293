/**
 * The logistic function on four floats at once, the hot half of every activation.
 *
 * 1 / (1 + 2^t) with t = −x·log₂e: 2^t = 2^n · p(t − n), n the nearest whole number (by adding and subtracting 1.5·2²³),
 * p a minimax polynomial on [−½, ½] (Muller, "Elementary Functions", ch. 3); n goes into the exponent by an integer addition.
 */
import type { Assembler } from "../wasm/assembler.ts";
import { broadcast } from "./loops.ts";

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
export type Accuracy = keyof typeof POLYNOMIALS;

/**
 * Prepares 1 + 2^t for the vector t on the stack. The constants are loaded into locals here, so call it before the loop: a
 * `v128.const` inside costs 40 % more (V8 13.6).
 */
export function prepareOnePlusPower(code: Assembler, accuracy: Accuracy): () => void {
  const [highest, lowest] = [broadcast(code, FARTHEST), broadcast(code, -FARTHEST)];
  const [rounder, one] = [broadcast(code, ROUNDER), broadcast(code, 1)];
  const coefficients = POLYNOMIALS[accuracy].map((coefficient) => broadcast(code, coefficient));
  const t = code.local("v128");
  const rounded = code.local("v128");
  const fraction = code.local("v128");
  return () => {
    code.get(highest).op("f32x4.pmin").get(lowest).op("f32x4.pmax").tee(t);
    code.get(rounder).op("f32x4.add").set(rounded);
    code.get(t).get(rounded).get(rounder).op("f32x4.sub").op("f32x4.sub").set(fraction);
    for (const [index, coefficient] of [...coefficients, one].entries()) {
      if (index > 0) code.get(fraction).op("f32x4.mul");
      code.get(coefficient);
      if (index > 0) code.op("f32x4.add");
    }
    code.get(rounded).i32(23).op("i32x4.shl").op("i32x4.add");
    code.get(one).op("f32x4.add");
  };
}

/** Prepares 1 + e^−x for the vector x on the stack: what both the logistic function and SiLU divide by. */
export function prepareOnePlusExpMinus(code: Assembler): () => void {
  const minusLog2e = broadcast(code, -Math.LOG2E);
  const onePlusPower = prepareOnePlusPower(code, "float");
  return () => {
    code.get(minusLog2e).op("f32x4.mul");
    onePlusPower();
  };
}
