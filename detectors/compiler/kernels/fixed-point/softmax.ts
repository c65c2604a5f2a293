/** Softmax of quantized bytes over the last axis: exponentials come from tables, the reciprocal of their sum is computed. */

import { isByte, RANGE } from "../../ops/fixed-point/quantized.ts";
import { addend, exponentials, SUM_INTEGER_BITS } from "../../ops/fixed-point/softmax.ts";
import { elements } from "../../ops/shapes.ts";
import type { Assembler, Local } from "../../wasm/assembler.ts";
import { inputAt, type Kernel, kernel } from "../kernel.ts";
import { advance, copyOf, pointerTo, repeat } from "../loops.ts";
import { tensorInMemory } from "../operand.ts";
import { LOAD_1 } from "./bytes.ts";
import { prepareHighProduct } from "./rescale.ts";

/** Pushes `highProduct` of two i32. */
function prepareScalarProduct(code: Assembler): (a: Local, b: Local) => void {
  const product = prepareHighProduct(code);
  const [first, second] = [code.local("v128"), code.local("v128")];
  return (a, b) => {
    code.get(a).op("i32x4.splat").set(first).get(b).op("i32x4.splat").set(second);
    product(first, second);
    code.extractInteger(0);
  };
}

/** x · 2^bits, saturating, in place. */
function saturatingShift(code: Assembler, x: Local, bits: number): void {
  const shifted = code.local("i32");
  code.get(x).i32(bits).op("i32.shl").set(shifted);
  code
    .get(shifted)
    .get(x)
    .i32(31)
    .op("i32.shr_s")
    .i32(2 ** 31 - 1)
    .op("i32.xor");
  code.get(shifted).i32(bits).op("i32.shr_s").get(x).op("i32.eq").op("select").set(x);
}

/** The significand of `reciprocal` of the i32 in `sum`, which has `zeros` leading zeros. */
function emitReciprocal(
  code: Assembler,
  sum: Local,
  zeros: Local,
  result: Local,
  product: (a: Local, b: Local) => void,
): void {
  const [half, factor, error] = [code.local("i32"), code.local("i32"), code.local("i32")];
  // Half of the denominator: (x + 2³¹ − 1 + 1) / 2, where x is from 0 to 2³¹ − 1.
  code
    .get(sum)
    .get(zeros)
    .op("i32.shl")
    .i32(-(2 ** 31))
    .op("i32.xor")
    .tee(half);
  code
    .i32(1)
    .op("i32.shr_u")
    .i32(2 ** 30)
    .op("i32.add")
    .set(half);
  code.i32(Math.round((-32 / 17) * 2 ** 29)).set(factor);
  product(half, factor);
  code
    .i32(Math.round((48 / 17) * 2 ** 29))
    .op("i32.add")
    .set(result);
  for (let step = 0; step < 3; step++) {
    code.i32(2 ** 29);
    product(half, result);
    code.op("i32.sub").set(error);
    product(result, error);
    code.set(error);
    saturatingShift(code, error, 2);
    code.get(result).get(error).op("i32.add").set(result);
  }
  saturatingShift(code, result, 1);
}

export const fixedSoftmaxKernel: Kernel<"fixed_softmax"> = kernel((node, context) => {
  const x = tensorInMemory(context, inputAt(node, 0));
  const y = tensorInMemory(context, node.output);
  const { dtype } = x;
  if (!isByte(dtype)) throw new Error(`fixed_softmax ${node.output}: expected bytes`);
  const exps = exponentials(node.attributes).map((exponential) => exponential ?? 0);
  const expTable = context.store(Int32Array.from(exps));
  const addendTable = context.store(Int32Array.from(exps, addend));
  const size = x.shape.at(-1) ?? 1;
  const rows = elements(x.shape) / size;
  const [least, most] = RANGE[dtype];
  return context.module.function(`fixed_softmax ${node.output}`, [], [], (code) => {
    const product = prepareScalarProduct(code);
    const row = pointerTo(code, x.address);
    const to = pointerTo(code, y.address);
    const [highest, value, sum, zeros] = ["highest", "value", "sum", "zeros"].map(() => code.local("i32"));
    const [significand, bits] = [code.local("i32"), code.local("i32")];
    if (!highest || !value || !sum || !zeros) throw new Error("softmax has four locals");
    /** All numbers of the row; the last one is at `from`. */
    const each = (body: (from: Local) => void): void => {
      const from = copyOf(code, row);
      repeat(code, size, () => {
        body(from);
        advance(code, from, 1);
      });
    };
    /** Pushes the entry of a table for the distance of a number from the highest. */
    const entry = (from: Local, table: number): void => {
      code.get(highest).get(from).memory(LOAD_1[dtype]).op("i32.sub").i32(2).op("i32.shl");
      code.memory("i32.load", table);
    };
    repeat(code, rows, () => {
      code.i32(least).set(highest).i32(0).set(sum);
      each((from) => {
        code.get(from).memory(LOAD_1[dtype]).set(value);
        code.get(value).get(highest).get(value).get(highest).op("i32.gt_s").op("select").set(highest);
      });
      each((from) => {
        code.get(sum);
        entry(from, addendTable);
        code.op("i32.add").set(sum);
      });
      code.get(sum).op("i32.clz").set(zeros);
      emitReciprocal(code, sum, zeros, significand, product);
      // The quotient by 2^(bits + 1) rounds; one beyond 2³¹ is 0.
      code
        .i32(SUM_INTEGER_BITS + 31 - 8 - 1)
        .get(zeros)
        .op("i32.sub")
        .set(bits);
      each((from) => {
        entry(from, expTable);
        code.set(value);
        product(significand, value);
        code.get(bits).op("i32.shr_u").i32(1).op("i32.add").i32(1).op("i32.shr_u").set(value);
        code.get(value).i32(0).get(bits).i32(31).op("i32.lt_s").op("select").set(value);
        code.get(to);
        code
          .get(value)
          .i32(most - least)
          .get(value)
          .i32(most - least)
          .op("i32.lt_s")
          .op("select");
        code.i32(least).op("i32.add").memory("i32.store8");
        advance(code, to, 1);
      });
      advance(code, row, size);
    });
  });
});
