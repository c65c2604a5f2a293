/** Contractions: sums of products, maxima and the like over some axes. Each is a loop nest with a reduction. */

import type { Operator, OperatorAttributes } from "../ops/index.ts";
import type { Combining, ContractionDefinition } from "../ops/reductions.ts";
import { elements } from "../ops/shapes.ts";
import type { Assembler, Local } from "../wasm/assembler.ts";
import type { PlainName } from "../wasm/opcodes.ts";
import type { EmitKernel } from "./kernel.ts";
import { broadcast } from "./loops.ts";
import { type Combination, emitReduction } from "./nest.ts";
import { tensorInMemory } from "./operand.ts";

/** The kernel of an operator that is a contraction. */
export function emitContraction<K extends Operator>({
  contract,
}: ContractionDefinition<OperatorAttributes[K]>): EmitKernel<K> {
  return (node, context) => {
    const tensors = node.inputs.map((value) => tensorInMemory(context, value));
    const y = tensorInMemory(context, node.output);
    const { shape, over, combining, factor, walks } = contract(
      tensors.map((tensor) => tensor.shape),
      node.attributes,
    );
    const inputs = tensors.map((tensor, index) => ({
      ...tensor,
      strides: walks[index]?.(tensor.strides) ?? [],
    }));
    return context.module.function(`${node.op} ${node.output}`, [], [], (code) => {
      const combination =
        y.dtype === "f32"
          ? floatCombination(code, combining, factor)
          : integerCombination(code, combining, factor, elements(over));
      emitReduction(code, { sizes: shape, over, output: y, inputs }, combination);
    });
  };
}

const FLOATS: Readonly<Record<Combining, { readonly start: number; readonly op: PlainName }>> = {
  sum: { start: 0, op: "f32x4.add" },
  max: { start: Number.NEGATIVE_INFINITY, op: "f32x4.max" },
  min: { start: Number.POSITIVE_INFINITY, op: "f32x4.min" },
  product: { start: 1, op: "f32x4.mul" },
};

function floatCombination(code: Assembler, combining: Combining, factor: number): Combination {
  const { start, op } = FLOATS[combining];
  const scale = factor === 1 ? undefined : broadcast(code, factor);
  const initial = broadcast(code, start);
  return {
    start: () => void code.get(initial),
    step(accumulator, values) {
      code.get(accumulator);
      pushProduct(code, values, "f32x4.mul");
      code.op(op);
    },
    join: (a, b) => void code.get(a).get(b).op(op),
    end(accumulator) {
      code.get(accumulator);
      if (scale !== undefined) code.get(scale).op("f32x4.mul");
    },
  };
}

const INTEGERS: Readonly<Record<Combining, number>> = {
  sum: 0,
  max: -(2 ** 31),
  min: 2 ** 31 - 1,
  product: 1,
};

/** An average of integers is a division by their number. */
function integerCombination(
  code: Assembler,
  combining: Combining,
  factor: number,
  count: number,
): Combination {
  const element = code.local("i32");
  const join = (a: Local, b: Local): void => {
    code.get(a).get(b);
    if (combining === "sum") code.op("i32.add");
    else if (combining === "product") code.op("i32.mul");
    else
      code
        .get(a)
        .get(b)
        .op(combining === "max" ? "i32.gt_s" : "i32.lt_s")
        .op("select");
  };
  return {
    start: () => void code.i32(INTEGERS[combining]),
    step(accumulator, values) {
      pushProduct(code, values, "i32.mul");
      code.set(element);
      join(accumulator, element);
    },
    join,
    end(accumulator) {
      code.get(accumulator);
      if (factor !== 1) code.i32(count).op("i32.div_s");
    },
  };
}

function pushProduct(code: Assembler, values: readonly Local[], multiply: PlainName): void {
  for (const [index, value] of values.entries()) {
    code.get(value);
    if (index > 0) code.op(multiply);
  }
}
