import type { Thresholds } from "../../contract.ts";
import type { DType, Operator, OperatorAttributes, Padding, Shape, ValueType } from "../graph/graph.ts";

/** A value with its numbers: NHWC with batch 1, row-major. Only the input image is bytes. */
export interface Tensor {
  readonly shape: Shape;
  readonly data: Float32Array | Uint8Array;
}

/** An operator of the intermediate representation: its shape rule and its reference. */
export interface OperatorDefinition<K extends Operator> {
  /**
   * The type of the output.
   * @throws ShapeError when the inputs or attributes break the operator's rules.
   */
  readonly infer: (inputs: readonly ValueType[], attributes: OperatorAttributes[K]) => ValueType;
  /** A slow and plain implementation with sums in f64, against which every kernel is tested. */
  readonly reference: (
    inputs: readonly Tensor[],
    attributes: OperatorAttributes[K],
    thresholds: Thresholds,
  ) => Tensor;
}

/** Inputs or attributes that an operator does not support. */
export class ShapeError extends Error {
  override readonly name = "ShapeError";
}

/** A type as shown in error messages: `f32 [1, 2, 3]`. */
export function showType(type: ValueType): string {
  return `${type.dtype} [${type.shape.join(", ")}]`;
}

/** Number of elements of a shape. */
export function elements(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Whether two shapes are the same. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/**
 * Reads inputs[index] as a feature map [height, width, channels] of one of these types.
 * @throws ShapeError when it has another type or is missing.
 */
export function featureMap(
  inputs: readonly ValueType[],
  index: number,
  dtypes: readonly DType[] = ["f32"],
): [number, number, number] {
  const type = inputs[index];
  const [height, width, channels] = type?.shape ?? [];
  if (!type || !dtypes.includes(type.dtype) || type.shape.length !== 3 || !height || !width || !channels) {
    throw new ShapeError(
      `input ${index}: expected ${dtypes.join(" or ")} [height, width, channels], received ${type ? showType(type) : "nothing"}`,
    );
  }
  return [height, width, channels];
}

/** Input types of operators that only move or compare numbers. */
export const STORED_TYPES: readonly DType[] = ["f32", "i16", "u7"];

/** The type of inputs[index], whose existence the shape rule has checked. */
export function dtypeAt(inputs: readonly ValueType[], index: number): DType {
  return inputs[index]?.dtype ?? "f32";
}

/** @throws ShapeError unless the number of inputs is within [least, most]. */
export function checkInputCount(inputs: readonly ValueType[], least: number, most: number): void {
  if (inputs.length < least || inputs.length > most) {
    const expected = least === most ? `${least}` : `${least} to ${most}`;
    throw new ShapeError(`expected ${expected} inputs, received ${inputs.length}`);
  }
}

/**
 * The number of positions of a window along one axis: floor((size + before + after − kernel) / stride) + 1 (ONNX Conv and MaxPool).
 * @throws ShapeError when no position fits.
 */
export function windowPositions(
  axis: "height" | "width",
  size: number,
  kernel: number,
  stride: number,
  padding: Padding,
): number {
  const [before, after] = axis === "height" ? [padding.top, padding.bottom] : [padding.left, padding.right];
  if (![kernel, stride].every((n) => Number.isSafeInteger(n) && n > 0)) {
    throw new ShapeError(`kernel and stride must be positive integers, received ${kernel} and ${stride}`);
  }
  if (![before, after].every((n) => Number.isSafeInteger(n) && n >= 0)) {
    throw new ShapeError(`padding must be non-negative integers, received ${before} and ${after}`);
  }
  const positions = Math.floor((size + before + after - kernel) / stride) + 1;
  if (positions < 1) {
    throw new ShapeError(
      `a kernel of ${kernel} does not fit into ${axis} ${size} padded by ${before} and ${after}`,
    );
  }
  return positions;
}

/**
 * The tensor at inputs[index].
 * @throws ShapeError when it is missing.
 */
export function tensorAt(inputs: readonly Tensor[], index: number): Tensor {
  const tensor = inputs[index];
  if (!tensor) throw new ShapeError(`input ${index} is missing`);
  return tensor;
}

/** Height, width and channels of a feature map. */
export function mapSize(tensor: Tensor): [height: number, width: number, channels: number] {
  const [height = 1, width = 1, channels = 1] = tensor.shape;
  return [height, width, channels];
}
