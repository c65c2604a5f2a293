import type { ValueType } from "../graph/graph.ts";
import { checkInputCount, ShapeError, sameShape, showType, type Tensor, tensorAt } from "./operator.ts";

/**
 * The shape rule of `add` and `mul`: two values of one shape, or a [channels] vector as the second.
 * @throws ShapeError for anything else that ONNX would broadcast.
 */
export function inferElementwise(inputs: readonly ValueType[]): ValueType {
  checkInputCount(inputs, 2, 2);
  const [a, b] = inputs;
  if (a?.dtype !== "f32" || b?.dtype !== "f32") throw new ShapeError("expected two f32 inputs");
  const perChannel = b.shape.length === 1 && b.shape[0] === a.shape.at(-1);
  if (!sameShape(a.shape, b.shape) && !perChannel) {
    throw new ShapeError(
      `expected two inputs of one shape, or [channels] as the second; received ${showType(a)} and ${showType(b)}`,
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
