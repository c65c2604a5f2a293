/** Helpers for shape rules and references. */
import type { DType, Shape, Tensor, ValueType } from "../graph/value.ts";

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
