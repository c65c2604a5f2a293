/**
 * The logistic function on four floats at once, the hot half of every activation.
 *
 * 1 / (1 + 2^t) with t = −x·log₂e: 2^t = 2^n · p(t − n), n the nearest whole number (by adding and subtracting 1.5·2²³),
 * p a minimax polynomial of degree 4 on [−½, ½] with a relative error of 2.6e-6 (Muller, "Elementary Functions", ch. 3);
 * n goes into the exponent by an integer addition.
 */
import type { Assembler, Local } from "../wasm/assembler.ts";
import type { KernelContext } from "./kernel.ts";

/** One constant a name, in the order of the table in memory. */
const TABLE = {
  minusLog2e: -Math.LOG2E,
  /** Beyond ±126 the power of two leaves the normal floats, and the result has long been 0 or 1. */
  highest: 126,
  lowest: -126,
  rounder: 12_582_912,
  c4: 0.00957010211,
  c3: 0.0559178628,
  c2: 0.240247448,
  c1: 0.693121814,
  one: 1,
} as const;

type Constants = Readonly<Record<keyof typeof TABLE, Local>>;

const TABLE_DATA = Float32Array.from(Object.values(TABLE).flatMap((value) => [value, value, value, value]));

/** Loads the constants into locals: a `v128.const` inside the loop costs 40 % more (V8 13.6). */
export function loadSigmoidConstants(code: Assembler, context: KernelContext): Constants {
  const address = context.store(TABLE_DATA);
  const load = (index: number): Local => {
    const local = code.local("v128");
    code
      .i32(address)
      .memory("v128.load", 16 * index)
      .set(local);
    return local;
  };
  const names = Object.keys(TABLE);
  const at = (name: keyof typeof TABLE): Local => load(names.indexOf(name));
  return {
    minusLog2e: at("minusLog2e"),
    highest: at("highest"),
    lowest: at("lowest"),
    rounder: at("rounder"),
    c4: at("c4"),
    c3: at("c3"),
    c2: at("c2"),
    c1: at("c1"),
    one: at("one"),
  };
}

/** Leaves 1 + e^−x for the vector x: what both the logistic function and SiLU divide by. */
export function onePlusExpMinus(code: Assembler, x: Local, constants: Constants): void {
  const { minusLog2e, highest, lowest, rounder, c4, c3, c2, c1, one } = constants;
  const t = code.local("v128");
  const rounded = code.local("v128");
  const fraction = code.local("v128");
  code.get(x).get(minusLog2e).op("f32x4.mul");
  code.get(highest).op("f32x4.pmin").get(lowest).op("f32x4.pmax").tee(t);
  code.get(rounder).op("f32x4.add").set(rounded);
  code.get(t).get(rounded).get(rounder).op("f32x4.sub").op("f32x4.sub").set(fraction);
  code.get(c4);
  for (const coefficient of [c3, c2, c1, one]) {
    code.get(fraction).op("f32x4.mul").get(coefficient).op("f32x4.add");
  }
  code.get(rounded).i32(23).op("i32x4.shl").op("i32x4.add");
  code.get(one).op("f32x4.add");
}
