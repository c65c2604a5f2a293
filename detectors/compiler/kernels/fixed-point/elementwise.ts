/** Kernels of elementwise operators on quantized bytes. */
import {
  type FixedBinaryAttributes,
  productMultiplier,
  SUM_BITS,
  sumMultipliers,
} from "../../ops/fixed-point/elementwise.ts";
import { isByte, type QuantizedType } from "../../ops/fixed-point/quantized.ts";
import { elements } from "../../ops/shapes.ts";
import type { Assembler, Local } from "../../wasm/assembler.ts";
import { elementwiseKernel, needed } from "../elementwise.ts";
import { inputAt, type Kernel, type KernelContext, kernel } from "../kernel.ts";
import { advance, broadcast, pointerTo, repeat } from "../loops.ts";
import { emitNest } from "../nest.ts";
import { broadcastOperand, type TensorInMemory, tensorInMemory } from "../operand.ts";
import { LOAD_1, LOAD_8, prepareBytes, splat16, storeBytes } from "./bytes.ts";
import { prepareScaled } from "./rescale.ts";

type BinaryOperator = "fixed_sum" | "fixed_product";

/** Pushes four scaled integers of the lower or upper half of two vectors of i16 without their zero points. */
type Halves = (a: Local, b: Local, half: "low" | "high") => void;

/** A function of two tensors: in vectors of eight where neither broadcasts, or one is a single number; else one by one. */
function binaryKernel<K extends BinaryOperator>(
  prepare: (code: Assembler, attributes: Parameters<Kernel<K>["emit"]>[0]["attributes"]) => Halves,
): Kernel<K> {
  return kernel((node, context) => {
    const { op, output, inputs } = node;
    const attributes: FixedBinaryAttributes = node.attributes;
    const y = tensorInMemory(context, output);
    const operands = inputs.map((value) => tensorInMemory(context, value));
    const { dtype } = y;
    if (!isByte(dtype)) throw new Error(`${op} ${output}: expected bytes`);
    return context.module.function(`${op} ${output}`, [], [], (code) => {
      const halves = prepare(code, node.attributes);
      const finish = prepareBytes(code, attributes.output);
      const zeros = [splat16(code, attributes.a.zero), splat16(code, attributes.b.zero)];
      const values = [code.local("v128"), code.local("v128")];
      /** Pushes the eight results for the vectors on the stack's locals. */
      const compute = (): void => {
        const [a, b] = [needed(values[0]), needed(values[1])];
        for (const [index, value] of values.entries())
          code.get(value).get(needed(zeros[index])).op("i16x8.sub").set(value);
        finish(
          () => halves(a, b, "low"),
          () => halves(a, b, "high"),
        );
      };
      if (!operands.every((operand) => isContiguous(operand, y))) {
        const nest = operands.map((operand) => broadcastOperand(operand, y.shape));
        emitNest(code, { sizes: y.shape, output: y, inputs: nest }, (loaded) => {
          for (const [index, value] of values.entries())
            code.get(needed(loaded[index])).op("i16x8.splat").set(value);
          compute();
          code.extractInteger(0);
        });
        return;
      }
      forEachEight(code, operands, y, dtype, values, compute);
    });
  });
}

/** Whether an operand has a number for each of the result in the same order, or a single one for all. */
function isContiguous({ shape }: TensorInMemory, y: TensorInMemory): boolean {
  return elements(shape) === elements(y.shape) || elements(shape) === 1;
}

/** Loads eight numbers of each operand into `values`, and stores the eight bytes that `compute` pushes. */
function forEachEight(
  code: Assembler,
  operands: readonly TensorInMemory[],
  y: TensorInMemory,
  dtype: QuantizedType,
  values: readonly Local[],
  compute: () => void,
): void {
  const count = elements(y.shape);
  const to = pointerTo(code, y.address);
  const sources = operands.map((operand) => ({
    pointer: pointerTo(code, operand.address),
    isSingle: elements(operand.shape) === 1 && count !== 1,
  }));
  const bytes = code.local("v128");
  const round = (size: number): void => {
    for (const [index, { pointer, isSingle }] of sources.entries()) {
      code.get(pointer);
      if (size === 8 && !isSingle) code.memory(LOAD_8[dtype]);
      else code.memory(LOAD_1[dtype]).op("i16x8.splat");
      code.set(needed(values[index]));
    }
    compute();
    code.set(bytes);
    storeBytes(code, to, bytes, size);
    for (const { pointer, isSingle } of sources) if (!isSingle) advance(code, pointer, size);
    advance(code, to, size);
  };
  repeat(code, Math.floor(count / 8), () => round(8));
  repeat(code, count % 8, () => round(1));
}

const EXTEND = { low: "i32x4.extend_low_i16x8_s", high: "i32x4.extend_high_i16x8_s" } as const;
const MULTIPLY = { low: "i32x4.extmul_low_i16x8_s", high: "i32x4.extmul_high_i16x8_s" } as const;

const fixedSumKernel = binaryKernel<"fixed_sum">((code, attributes) => {
  const multipliers = sumMultipliers(attributes);
  const [scaleA, scaleB, scale] = [multipliers.a, multipliers.b, multipliers.output].map((multiplier) =>
    prepareScaled(code, multiplier),
  );
  const [value, first] = [code.local("v128"), code.local("v128")];
  const addend = (x: Local, half: "low" | "high", scaleOne: typeof scale): void => {
    code.get(x).op(EXTEND[half]).i32(SUM_BITS).op("i32x4.shl").set(value);
    scaleOne?.(value);
  };
  return (a, b, half) => {
    addend(a, half, scaleA);
    code.set(first);
    addend(b, half, scaleB);
    code.set(value);
    code
      .get(first)
      .get(value)
      .op(attributes.sign === 1 ? "i32x4.add" : "i32x4.sub")
      .set(value);
    scale?.(value);
  };
});

const fixedProductKernel = binaryKernel<"fixed_product">((code, attributes) => {
  const scale = prepareScaled(code, productMultiplier(attributes));
  const value = code.local("v128");
  return (a, b, half) => {
    code.get(a).get(b).op(MULTIPLY[half]).set(value);
    scale(value);
  };
});

/** Bytes per round of a lookup. */
const LOOKUPS = 8;

/** A load per byte, whose offset is the table's address. */
const lookupKernel: Kernel<"lookup"> = kernel((node, context: KernelContext) => {
  const x = tensorInMemory(context, inputAt(node, 0));
  const y = tensorInMemory(context, node.output);
  const table = context.store(node.attributes.table);
  const count = elements(y.shape);
  return context.module.function(`lookup ${node.output}`, [], [], (code) => {
    const from = pointerTo(code, x.address);
    const to = pointerTo(code, y.address);
    const round = (size: number): void => {
      for (let at = 0; at < size; at++) {
        code
          .get(to)
          .get(from)
          .memory("i32.load8_u", at)
          .memory("i32.load8_u", table)
          .memory("i32.store8", at);
      }
      advance(code, from, size);
      advance(code, to, size);
    };
    repeat(code, Math.floor(count / LOOKUPS), () => round(LOOKUPS));
    repeat(code, count % LOOKUPS, () => round(1));
  });
});

const quantizeKernel = elementwiseKernel<"quantize">((code, node) => {
  const { output } = node.attributes;
  // Far beyond any byte, and far within i32.
  const [lowest, highest] = [broadcast(code, -1e6), broadcast(code, 1e6)];
  const scale = broadcast(code, output.scale);
  const half = broadcast(code, 0.5);
  const one = broadcast(code, 1);
  const [value, whole] = [code.local("v128"), code.local("v128")];
  const [result, limit] = [code.local("i32"), code.local("i32")];
  const limitTo = (bound: number, comparison: "i32.gt_s" | "i32.lt_s"): void => {
    code.set(result).i32(bound).set(limit);
    code.get(result).get(limit).get(result).get(limit).op(comparison).op("select");
  };
  return ([x]) => {
    code.get(needed(x)).get(scale).op("f32x4.div").get(highest).op("f32x4.pmin").get(lowest).op("f32x4.pmax");
    // To the nearest integer, halves away from zero: the part behind the point decides.
    code.tee(value).op("f32x4.trunc").set(whole);
    code.get(value).get(whole).op("f32x4.sub").tee(value).op("f32x4.abs").get(half).op("f32x4.ge");
    code
      .get(one)
      .get(value)
      .i32(-(2 ** 31))
      .op("i32x4.splat")
      .op("v128.and")
      .op("v128.or")
      .op("v128.and");
    code.get(whole).op("f32x4.add").op("i32x4.trunc_sat_f32x4_s").extractInteger(0);
    code.i32(output.zero).op("i32.add");
    limitTo(output.least, "i32.gt_s");
    limitTo(output.most, "i32.lt_s");
  };
});

const dequantizeKernel = elementwiseKernel<"dequantize">((code, node) => {
  const { scale, zero } = node.attributes.input;
  return ([x]) => {
    code.get(needed(x)).i32(zero).op("i32.sub").op("f32.convert_i32_s").f32(scale).op("f32.mul");
    code.op("f32x4.splat");
  };
});

/** Kernels of elementwise operators on quantized bytes, by name. */
export const fixedElementwiseKernels = {
  fixed_sum: fixedSumKernel,
  fixed_product: fixedProductKernel,
  lookup: lookupKernel,
  quantize: quantizeKernel,
  dequantize: dequantizeKernel,
};
