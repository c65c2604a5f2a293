import type { Tensor } from "../../graph/value.ts";
import type { OperatorDefinition } from "../operator.ts";
import { checkInputCount, elements, ShapeError, tensorAt } from "../shapes.ts";
import {
  dividedByPowerOfTwo,
  expOfNegative,
  highProduct,
  multiplierOf,
  reciprocal,
  scaled,
} from "./arithmetic.ts";
import {
  arrayOf,
  QUANTIZED_FACTS,
  type Quantized,
  type QuantizedResult,
  RANGE,
  requireQuantized,
  resultType,
} from "./quantized.ts";

export interface FixedSoftmaxAttributes {
  readonly beta: number;
  readonly input: Quantized;
  readonly output: Omit<QuantizedResult, "least" | "most">;
}

/** Integer bits of scaled differences, and of the sum of exponentials. */
const DIFFERENCE_BITS = 5;
export const SUM_INTEGER_BITS = 12;

/**
 * e^(beta · scale · −n) for differences n from 0 to 255, in fixed point without integer bits; undefined where it counts as 0.
 */
export function exponentials({ beta, input }: FixedSoftmaxAttributes): readonly (number | undefined)[] {
  const real = Math.min(beta * input.scale * 2 ** (31 - DIFFERENCE_BITS), 2 ** 31 - 1);
  const multiplier = multiplierOf(real);
  const farthest = Math.floor(
    ((2 ** DIFFERENCE_BITS - 1) * 2 ** (31 - DIFFERENCE_BITS)) / 2 ** multiplier.shift,
  );
  return Array.from({ length: 256 }, (_, n) =>
    n <= farthest ? expOfNegative(scaled(-n, multiplier)) : undefined,
  );
}

/** An exponential as an addend of the sum. */
export function addend(exponential: number): number {
  return dividedByPowerOfTwo(exponential, SUM_INTEGER_BITS);
}

/**
 * TensorFlow Lite SOFTMAX over the last axis on integers (reference_ops::Softmax). The output has the scale 1/256, and its
 * lowest number stands for 0.
 */
export const fixedSoftmax: OperatorDefinition<FixedSoftmaxAttributes> = {
  ...QUANTIZED_FACTS,
  infer(inputs, attributes) {
    checkInputCount(inputs, 1, 1);
    const { input, output, beta } = attributes;
    const { shape, dtype } = requireQuantized(inputs, 0, input);
    if (output.scale !== 1 / 256 || output.zero !== RANGE[output.dtype][0] || dtype !== output.dtype) {
      throw new ShapeError(`expected an output of ${dtype} with scale 1/256 whose lowest number is its zero`);
    }
    if (!(beta * input.scale * 2 ** (31 - DIFFERENCE_BITS) >= 1)) throw new ShapeError("beta is too small");
    return resultType(output, shape);
  },
  reference(inputs, attributes): Tensor {
    const { shape, data } = tensorAt(inputs, 0);
    const { dtype } = attributes.output;
    const exps = exponentials(attributes);
    const [least, most] = RANGE[dtype];
    const size = shape.at(-1) ?? 1;
    const y = arrayOf(dtype, elements(shape));
    for (let first = 0; first < data.length; first += size) {
      const row = Int16Array.from(data.subarray(first, first + size));
      const highest = row.reduce((a, b) => Math.max(a, b));
      const sum = [...row].reduce((total, value) => total + addend(exps[highest - value] ?? 0), 0) | 0;
      const { significand, bits } = reciprocal(sum, SUM_INTEGER_BITS);
      for (const [at, value] of row.entries()) {
        const exponential = exps[highest - value];
        const result =
          exponential === undefined
            ? least
            : dividedByPowerOfTwo(highProduct(significand, exponential), bits + 31 - 8) + least;
        y[first + at] = Math.max(least, Math.min(most, result));
      }
    }
    return { shape, data: y };
  },
};
