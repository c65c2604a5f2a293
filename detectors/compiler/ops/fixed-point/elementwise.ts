/** Elementwise operators on quantized integers. */
import type { Shape, Tensor, ValueType } from "../../graph/value.ts";
import { mapTogether } from "../elementwise.ts";
import { ELEMENTWISE_FACTS, type OperatorDefinition } from "../operator.ts";
import { checkInputCount, elements, ShapeError, showType, tensorAt } from "../shapes.ts";
import { broadcastShape } from "../tensors.ts";
import { type Multiplier, multiplierOf, roundHalfAway, scaled } from "./arithmetic.ts";
import {
  arrayOf,
  limited,
  QUANTIZED_FACTS,
  type Quantized,
  type QuantizedResult,
  type QuantizedType,
  RANGE,
  requireQuantized,
  requireRange,
  resultType,
} from "./quantized.ts";

const FACTS = {
  ...QUANTIZED_FACTS,
  ...ELEMENTWISE_FACTS,
  integers: "computes",
  show: QUANTIZED_FACTS.show,
} as const;

export interface FixedBinaryAttributes {
  readonly a: Quantized;
  readonly b: Quantized;
  readonly output: QuantizedResult;
}

export interface FixedSumAttributes extends FixedBinaryAttributes {
  /** −1 subtracts b. */
  readonly sign: 1 | -1;
}

/** Bits by which addends are shifted left, so that scaling them loses little. */
export const SUM_BITS = 20;

/** The multipliers of both addends and of their sum. */
export function sumMultipliers({ a, b, output }: FixedSumAttributes): {
  readonly a: Multiplier;
  readonly b: Multiplier;
  readonly output: Multiplier;
} {
  const twice = 2 * Math.max(a.scale, b.scale);
  return {
    a: multiplierOf(a.scale / twice),
    b: multiplierOf(b.scale / twice),
    output: multiplierOf(twice / (2 ** SUM_BITS * output.scale)),
  };
}

/** The multiplier of a product; the reference computes it in binary32. */
export function productMultiplier({ a, b, output }: FixedBinaryAttributes): Multiplier {
  return multiplierOf(Math.fround(Math.fround(a.scale * b.scale) / output.scale));
}

function binary<Attributes extends FixedBinaryAttributes>(
  prepare: (attributes: Attributes) => (a: number, b: number) => number,
  check: (attributes: Attributes) => void = () => undefined,
): OperatorDefinition<Attributes> {
  return {
    ...FACTS,
    infer(inputs, attributes) {
      checkInputCount(inputs, 2, 2);
      const a = requireQuantized(inputs, 0, attributes.a);
      const b = requireQuantized(inputs, 1, attributes.b);
      requireRange(attributes.output);
      if (a.dtype !== b.dtype || a.dtype !== attributes.output.dtype) {
        throw new ShapeError("expected inputs and an output of one type");
      }
      check(attributes);
      return resultType(attributes.output, broadcastShape([a.shape, b.shape]));
    },
    reference(inputs, attributes) {
      const compute = prepare(attributes);
      const { output } = attributes;
      return mapTogether(inputs, output.dtype, ([a = 0, b = 0]) =>
        limited(compute(a - attributes.a.zero, b - attributes.b.zero) + output.zero, output),
      );
    },
  };
}

/** TensorFlow Lite ADD and SUB on integers (reference_ops::AddElementwise, SubElementwise). */
export const fixedSum = binary<FixedSumAttributes>(
  (attributes) => {
    const multipliers = sumMultipliers(attributes);
    return (a, b) => {
      const first = scaled(a * 2 ** SUM_BITS, multipliers.a);
      const second = scaled(b * 2 ** SUM_BITS, multipliers.b);
      return scaled(first + attributes.sign * second, multipliers.output);
    };
  },
  (attributes) => {
    if (sumMultipliers(attributes).output.shift > 0)
      throw new ShapeError("the scale of the sum is too small");
  },
);

/** TensorFlow Lite MUL on integers (reference_integer_ops::MulElementwise). */
export const fixedProduct = binary<FixedBinaryAttributes>((attributes) => {
  const multiplier = productMultiplier(attributes);
  return (a, b) => scaled(a * b, multiplier);
});

export interface LookupAttributes {
  readonly input: Quantized;
  readonly output: Omit<QuantizedResult, "least" | "most">;
  /** The result for each byte: the two's complement of an i8. */
  readonly table: Uint8Array;
}

/** Any function of one byte, as a table of 256 results. */
export const lookup: OperatorDefinition<LookupAttributes> = {
  ...FACTS,
  infer(inputs, { input, output, table }) {
    checkInputCount(inputs, 1, 1);
    const { shape } = requireQuantized(inputs, 0, input);
    if (table.length !== 256) throw new ShapeError(`expected a table of 256 bytes, received ${table.length}`);
    return resultType(output, shape);
  },
  reference(inputs, { output, table }) {
    const { shape, data } = tensorAt(inputs, 0);
    const results = Uint8Array.from(data, (value) => table[value & 255] ?? 0);
    return { shape, data: output.dtype === "i8" ? new Int8Array(results.buffer) : results };
  },
};

/** The table of a function of stored integers. */
export function lookupTable(
  dtype: QuantizedType,
  output: Pick<QuantizedResult, "least" | "most">,
  compute: (stored: number) => number,
): Uint8Array {
  const [least] = RANGE[dtype];
  const table = new Uint8Array(256);
  for (let value = least; value < least + 256; value++) {
    table[value & 255] = Math.max(output.least, Math.min(output.most, compute(value)));
  }
  return table;
}

export interface QuantizeAttributes {
  readonly output: QuantizedResult;
}

/** TensorFlow Lite QUANTIZE of floats (reference_ops::AffineQuantize): round(x / scale) + zero, limited. NaN is 0. */
export const quantize: OperatorDefinition<QuantizeAttributes> = {
  ...FACTS,
  infer(inputs, { output }) {
    requireRange(output);
    return resultType(output, only(inputs, (type) => type.dtype === "f32", "f32").shape);
  },
  reference(inputs, { output }) {
    const x = tensorAt(inputs, 0);
    const data = arrayOf(output.dtype, elements(x.shape));
    for (const [at, value] of x.data.entries()) {
      const rounded = roundHalfAway(Math.fround(value / output.scale));
      data[at] = limited((Number.isNaN(rounded) ? 0 : rounded) + output.zero, output);
    }
    return { shape: x.shape, data };
  },
};

export interface DequantizeAttributes {
  readonly input: Quantized;
}

/** TensorFlow Lite DEQUANTIZE (reference_ops::Dequantize): (x − zero) · scale in binary32. */
export const dequantize: OperatorDefinition<DequantizeAttributes> = {
  ...FACTS,
  infer(inputs, { input }) {
    checkInputCount(inputs, 1, 1);
    return { dtype: "f32", shape: requireQuantized(inputs, 0, input).shape };
  },
  reference(inputs, { input }): Tensor {
    const { shape, data } = tensorAt(inputs, 0);
    return { shape, data: Float32Array.from(data, (value) => (value - input.zero) * input.scale) };
  },
};

function only(
  inputs: readonly ValueType[],
  fits: (type: ValueType) => boolean,
  expected: string,
): { readonly shape: Shape } {
  checkInputCount(inputs, 1, 1);
  const [type] = inputs;
  if (type !== undefined && fits(type)) return type;
  throw new ShapeError(`expected ${expected}, received ${type ? showType(type) : "nothing"}`);
}
