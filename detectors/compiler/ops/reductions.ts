/**
 * Operators that combine many elements into one. Each describes its result as a contraction: the output's axes, the axes that
 * are summed over, and how each input is walked along both. The references and the kernels follow that description.
 */
import type { DType, Shape, Tensor, ValueType } from "../graph/value.ts";
import { NUMERIC } from "./elementwise.ts";
import { ANY, type Interval, productOf, sumOfProducts } from "./interval.ts";
import { type NoAttributes, type OperatorDefinition, permutedAxis, TENSOR_FACTS } from "./operator.ts";
import { checkInputCount, elements, ShapeError, showType, tensorAt } from "./shapes.ts";
import { broadcastShape, broadcastStrides, positionList, rowMajorStrides, tensorLike } from "./tensors.ts";

/** How elements are combined: the sum of products of all inputs, the largest, the smallest, or the product. */
export type Combining = "sum" | "max" | "min" | "product";

export interface Contraction {
  readonly shape: Shape;
  readonly over: Shape;
  readonly combining: Combining;
  /** Factor of the result. */
  readonly factor: number;
  /** Elements between neighbours along the axes of `shape`, then of `over`, given those along the input's own axes. */
  readonly walks: readonly ((strides: readonly number[]) => readonly number[])[];
}

/** An operator that is a contraction. */
export interface ContractionDefinition<Attributes> extends OperatorDefinition<Attributes> {
  /** @throws ShapeError when the attributes do not fit the inputs. */
  readonly contract: (inputs: readonly Shape[], attributes: Attributes) => Contraction;
}

function contraction<Attributes extends object>(
  count: number,
  dtypes: readonly DType[],
  contract: ContractionDefinition<Attributes>["contract"],
  permuted: ContractionDefinition<Attributes>["permuted"] = TENSOR_FACTS.permuted,
): ContractionDefinition<Attributes> {
  return {
    ...TENSOR_FACTS,
    contract,
    permuted,
    infer(inputs, attributes) {
      const dtype = commonType(inputs, count, dtypes);
      return { dtype, shape: contract(shapesOf(inputs), attributes).shape };
    },
    range: (ranges, attributes, inputs) =>
      rangeOfContraction(ranges, contract(shapesOf(inputs), attributes), inputs),
    reference: (inputs, attributes) => contracted(inputs, contract(shapesOf(inputs), attributes)),
    multiplications(inputs, _, attributes) {
      const { shape, over } = contract(shapesOf(inputs), attributes);
      return elements(shape) * elements(over);
    },
  };
}

function shapesOf(inputs: readonly { readonly shape: Shape }[]): readonly Shape[] {
  return inputs.map(({ shape }) => shape);
}

function commonType(inputs: readonly ValueType[], count: number, dtypes: readonly DType[]): DType {
  checkInputCount(inputs, count, count);
  const dtype = inputs[0]?.dtype ?? "f32";
  if (!dtypes.includes(dtype) || inputs.some((input) => input.dtype !== dtype)) {
    throw new ShapeError(`expected ${dtypes.join(" or ")}, received ${inputs.map(showType).join(", ")}`);
  }
  return dtype;
}

/** An average counts as the sum that it is computed from. */
function rangeOfContraction(
  ranges: readonly Interval[],
  { combining, over }: Contraction,
  inputs: readonly ValueType[],
): Interval {
  const count = elements(over);
  const [first = ANY] = ranges;
  if (combining === "max" || combining === "min") return count === 0 ? ANY : first;
  // Sums of floats depend on the order in which a kernel rounds them.
  if (inputs[0]?.dtype === "f32") return ANY;
  return combining === "sum" ? sumOfProducts(ranges, count) : productOf(first, count);
}

function contracted(
  inputs: readonly Tensor[],
  { shape, over, combining, factor, walks }: Contraction,
): Tensor {
  const y = tensorLike(tensorAt(inputs, 0), shape);
  const strides = inputs.map((input, index) => walks[index]?.(rowMajorStrides(input.shape)) ?? []);
  const firsts = strides.map((walk) => positionList(shape, walk.slice(0, shape.length)));
  const steps = strides.map((walk) => positionList(over, walk.slice(shape.length)));
  const count = elements(over);
  for (let at = 0; at < y.data.length; at++) {
    let result = NEUTRAL[combining];
    for (let step = 0; step < count; step++) {
      let product = 1;
      for (const [index, { data }] of inputs.entries()) {
        product *= data[(firsts[index]?.[at] ?? 0) + (steps[index]?.[step] ?? 0)] ?? 0;
      }
      result = COMBINE[combining](result, product);
    }
    y.data[at] = result * factor;
  }
  return y;
}

const NEUTRAL: Readonly<Record<Combining, number>> = { sum: 0, max: -Infinity, min: Infinity, product: 1 };

const COMBINE: Readonly<Record<Combining, (a: number, b: number) => number>> = {
  sum: (a, b) => a + b,
  max: Math.max,
  min: Math.min,
  product: (a, b) => a * b,
};

export interface ReduceAttributes {
  readonly combining: Combining;
  readonly axes: readonly number[];
  /** Whether reduced axes stay, with size 1. */
  readonly keep: boolean;
  /** Factor of the result: 1 / count for an average. */
  readonly factor: number;
}

/** ONNX ReduceSum-13, ReduceMean-13, ReduceMax-13, ReduceMin-13, ReduceProd-13. */
export const reduce = contraction<ReduceAttributes>(
  1,
  NUMERIC,
  ([input = []], attributes) => {
    const { combining, axes, keep, factor } = attributes;
    const kept = input.flatMap((_, axis) => (axes.includes(axis) && !keep ? [] : [axis]));
    return {
      shape: kept.map((axis) => (axes.includes(axis) ? 1 : (input[axis] ?? 1))),
      over: axes.map((axis) => input[axis] ?? 1),
      combining,
      factor,
      walks: [
        (strides) => [
          ...kept.map((axis) => (axes.includes(axis) ? 0 : (strides[axis] ?? 0))),
          ...axes.map((axis) => strides[axis] ?? 0),
        ],
      ],
    };
  },
  permutedReduce,
);

/** Axes of one element need no reduction. Only where reduced axes stay does the output have the input's axes. */
function permutedReduce(
  attributes: ReduceAttributes,
  order: readonly number[],
): ReduceAttributes | undefined {
  if (!attributes.keep) return undefined;
  const axes = attributes.axes
    .map((axis) => permutedAxis(axis, order))
    .filter((axis) => axis !== undefined)
    .toSorted((a, b) => a - b);
  return { ...attributes, axes };
}

/** ONNX MatMul-13 for operands of at least two axes: matrices in the last two, the others broadcast. */
export const matmul = contraction<NoAttributes>(2, ["f32", "i32"], ([a = [], b = []]) => {
  const [rows = 0, inner = 0] = a.slice(-2);
  const [innerB = 0, columns = 0] = b.slice(-2);
  if (a.length < 2 || b.length < 2 || inner !== innerB) {
    throw new ShapeError(`cannot multiply matrices [${a.join(", ")}] and [${b.join(", ")}]`);
  }
  const batch = broadcastShape([a.slice(0, -2), b.slice(0, -2)]);
  const along = (shape: Shape, strides: readonly number[]) =>
    broadcastStrides(shape.slice(0, -2), strides.slice(0, -2), batch);
  return {
    shape: [...batch, rows, columns],
    over: [inner],
    combining: "sum",
    factor: 1,
    walks: [
      (strides) => [...along(a, strides), strides.at(-2) ?? 0, 0, strides.at(-1) ?? 0],
      (strides) => [...along(b, strides), 0, strides.at(-1) ?? 0, strides.at(-2) ?? 0],
    ],
  };
});

export interface ConvolutionNdAttributes {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly groups: number;
}

/**
 * ONNX Conv-11 without padding (`pad` adds it), for any number of spatial axes: [batch, groups · in, …] and weights
 * [groups · out, in, …] → [batch, groups, out, …], whose channels a reshape joins.
 */
export const convolution = contraction<ConvolutionNdAttributes>(
  2,
  ["f32"],
  ([x = [], w = []], attributes) => {
    const { strides, dilations, groups } = attributes;
    const [batch = 0, channels = 0, ...sizes] = x;
    const [outputs = 0, inputs = 0, ...kernel] = w;
    if (sizes.length !== kernel.length || channels !== groups * inputs || outputs % groups !== 0) {
      throw new ShapeError(`weights [${w.join(", ")}] in ${groups} groups do not fit [${x.join(", ")}]`);
    }
    const positionsAlong = windowSizes(sizes, kernel, strides, dilations);
    return {
      shape: [batch, groups, outputs / groups, ...positionsAlong],
      over: [inputs, ...kernel],
      combining: "sum",
      factor: 1,
      walks: [
        ([image = 0, channel = 0, ...pixels]) => [
          ...[image, inputs * channel, 0],
          ...pixels.map((pixel, axis) => pixel * (strides[axis] ?? 1)),
          ...[channel, ...pixels.map((pixel, axis) => pixel * (dilations[axis] ?? 1))],
        ],
        ([output = 0, ...taps]) => [
          ...[0, (outputs / groups) * output, output],
          ...kernel.map(() => 0),
          ...taps,
        ],
      ],
    };
  },
);

export interface PoolAttributes {
  readonly combining: "sum" | "max";
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly factor: number;
}

/** ONNX MaxPool-12 and AveragePool-11 without padding, for any number of spatial axes: [batch, channels, …]. */
export const pool = contraction<PoolAttributes>(1, ["f32", "i8", "u8"], ([x = []], attributes) => {
  const { combining, kernel, strides, dilations, factor } = attributes;
  const [batch = 0, channels = 0, ...sizes] = x;
  if (kernel.length !== sizes.length) throw new ShapeError(`expected a window of ${sizes.length} axes`);
  return {
    shape: [batch, channels, ...windowSizes(sizes, kernel, strides, dilations)],
    over: kernel,
    combining,
    factor,
    walks: [
      ([image = 0, channel = 0, ...pixels]) => [
        ...[image, channel],
        ...pixels.map((pixel, axis) => pixel * (strides[axis] ?? 1)),
        ...pixels.map((pixel, axis) => pixel * (dilations[axis] ?? 1)),
      ],
    ],
  };
});

/** The number of positions of a window along each axis. */
function windowSizes(
  sizes: Shape,
  kernel: Shape,
  strides: readonly number[],
  dilations: readonly number[],
): number[] {
  if (![...kernel, ...strides, ...dilations].every((n) => Number.isSafeInteger(n) && n > 0)) {
    throw new ShapeError(`a window of [${kernel.join(", ")}] with strides [${strides.join(", ")}]`);
  }
  return sizes.map((size, axis) => {
    const reach = ((kernel[axis] ?? 1) - 1) * (dilations[axis] ?? 1) + 1;
    const count = Math.floor((size - reach) / (strides[axis] ?? 1)) + 1;
    if (count >= 1) return count;
    throw new ShapeError(`a window of ${reach} does not fit into ${size} along spatial axis ${axis}`);
  });
}
