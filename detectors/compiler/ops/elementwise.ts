import type { ValueType } from "../graph/graph.ts";
import { checkInputCount, ShapeError, sameShape, showType, type Tensor, tensorAt } from "./operator.ts";

/** The shape rule of operators that make one number of one. */
export function inferUnary(inputs: readonly ValueType[]): ValueType {
  checkInputCount(inputs, 1, 1);
  return { dtype: "f32", shape: inputs[0]?.shape ?? [] };
}

/** Applies `compute` to every element. */
export function mapElements(inputs: readonly Tensor[], compute: (x: number) => number): Tensor {
  const { shape, data } = tensorAt(inputs, 0);
  return { shape, data: Float32Array.from(data, compute) };
}

/**
 * The shape rule of `add` and `mul`: two values of one shape, or [channels] or [1, 1, channels] as the second.
 * @throws ShapeError for anything else that ONNX would broadcast.
 */
export function inferElementwise(inputs: readonly ValueType[]): ValueType {
  checkInputCount(inputs, 2, 2);
  const [a, b] = inputs;
  if (a?.dtype !== "f32" || b?.dtype !== "f32") throw new ShapeError("expected two f32 inputs");
  const perChannel = b.shape.at(-1) === a.shape.at(-1) && b.shape.slice(0, -1).every((size) => size === 1);
  if (!sameShape(a.shape, b.shape) && !perChannel) {
    throw new ShapeError(
      `expected two inputs of one shape, or [channels] or [1, 1, channels] as the second; received ${showType(a)} and ${showType(b)}`,
    );
  }
  return { dtype: "f32", shape: a.shape };
}

/** Applies `combine` to every element of the first input and its partner in the second (repeated where it is shorter). */
export function combineElementwise(
  inputs: readonly Tensor[],
  combine: (a: number, b: number) => number,
): Tensor {
  const a = tensorAt(inputs, 0);
  const b = tensorAt(inputs, 1);
  const period = b.data.length;
  return {
    shape: a.shape,
    data: Float32Array.from(a.data, (value, index) => combine(value, b.data[index % period] ?? 0)),
  };
}
