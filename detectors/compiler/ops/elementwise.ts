/**
 * Families of elementwise operators: each element of the output depends only on the elements at the same position of the
 * inputs, which broadcast to one shape (ONNX, "multidirectional broadcasting").
 */
import type { DType, Tensor, ValueType } from "../graph/value.ts";
import { type Interval, TRUTH_VALUES } from "./interval.ts";
import { ELEMENTWISE_FACTS, type NoAttributes, type OperatorDefinition } from "./operator.ts";
import { checkInputCount, ShapeError, showType, tensorAt } from "./shapes.ts";
import { broadcastShape, broadcastStrides, positions, rowMajorStrides, zeroTensor } from "./tensors.ts";

/** The types of numbers that arithmetic takes. */
export const NUMERIC: readonly DType[] = ["f32", "i8", "u8", "i16", "i32"];

/** `OperatorDefinition.range`. */
type Ranges<Attributes = NoAttributes> = (
  ranges: readonly Interval[],
  attributes: Attributes,
  inputs: readonly ValueType[],
) => Interval;

/** A function of a float. */
export function unary(
  compute: (x: number) => number,
  dtypes: readonly DType[] = ["f32"],
  range: Ranges = ELEMENTWISE_FACTS.range,
): OperatorDefinition<NoAttributes> {
  return unaryWith<NoAttributes>((x) => compute(x), dtypes, range);
}

/** A function of an element and attributes. */
export function unaryWith<Attributes extends object>(
  compute: (x: number, attributes: Attributes) => number,
  dtypes: readonly DType[] = ["f32"],
  range: Ranges<Attributes> = ELEMENTWISE_FACTS.range,
): OperatorDefinition<Attributes> {
  return {
    ...ELEMENTWISE_FACTS,
    range,
    infer: (inputs) => inferSame(inputs, 1, dtypes),
    reference: (inputs, attributes) => {
      const x = tensorAt(inputs, 0);
      return { shape: x.shape, data: x.data.map((value) => compute(value, attributes)) };
    },
  };
}

/** A function of two elements of one type; integers wrap around. */
export function binary(
  compute: (a: number, b: number) => number,
  range: Ranges,
  dtypes: readonly DType[] = NUMERIC,
  ofIntegers: (a: number, b: number) => number = compute,
): OperatorDefinition<NoAttributes> {
  return {
    ...ELEMENTWISE_FACTS,
    range,
    infer: (inputs) => inferSame(inputs, 2, dtypes),
    reference(inputs) {
      const isFloat = tensorAt(inputs, 0).data instanceof Float32Array;
      const [a, b, dtype] = [tensorAt(inputs, 0), tensorAt(inputs, 1), isFloat ? "f32" : undefined] as const;
      return mapTogether([a, b], dtype, ([x = 0, y = 0]) => (isFloat ? compute(x, y) : ofIntegers(x, y)));
    },
  };
}

/** A comparison of two elements of one type, with 1 for true. */
export function comparison(
  compute: (a: number, b: number) => boolean,
  dtypes: readonly DType[] = NUMERIC,
): OperatorDefinition<NoAttributes> {
  return {
    ...ELEMENTWISE_FACTS,
    range: () => TRUTH_VALUES,
    infer: (inputs) => ({ ...inferSame(inputs, 2, dtypes), dtype: "bool" }),
    reference: (inputs) => mapTogether(inputs, "bool", ([a = 0, b = 0]) => (compute(a, b) ? 1 : 0)),
  };
}

/**
 * The type of the result for inputs of one type.
 * @throws ShapeError when the types differ, are not supported, or the shapes do not broadcast.
 */
export function inferSame(inputs: readonly ValueType[], count: number, dtypes: readonly DType[]): ValueType {
  checkInputCount(inputs, count, count);
  const [first] = inputs;
  const dtype = first?.dtype ?? "f32";
  if (!dtypes.includes(dtype) || inputs.some((input) => input.dtype !== dtype)) {
    throw new ShapeError(
      `expected ${dtypes.join(" or ")}, the same for all inputs, received ${inputs.map(showType).join(", ")}`,
    );
  }
  return { dtype, shape: broadcastShape(inputs.map(({ shape }) => shape)) };
}

/** Computes each element of the result from the elements of all inputs. The result has the first input's type by default. */
export function mapTogether(
  inputs: readonly Tensor[],
  dtype: DType | undefined,
  compute: (values: readonly number[]) => number,
): Tensor {
  const shape = broadcastShape(inputs.map((input) => input.shape));
  const numbers = inputs.map(({ shape: own, data }) => {
    const strides = broadcastStrides(own, rowMajorStrides(own), shape);
    return Array.from(positions(shape, strides), (at) => data[at] ?? 0);
  });
  const [first] = numbers;
  const results = (first ?? []).map((_, at) => compute(numbers.map((list) => list[at] ?? 0)));
  const y = dtype === undefined ? tensorAt(inputs, 0).data.subarray(0, 0) : zeroTensor(dtype, [0]).data;
  const Numbers = y.constructor as Float32ArrayConstructor;
  return { shape, data: Numbers.from(results) };
}
