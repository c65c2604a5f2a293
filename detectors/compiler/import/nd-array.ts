import { damagedModel } from "./errors.ts";

/** Known numbers of any rank, row-major. Integers and booleans (0, 1) are kept in f64, exact up to 2⁵³. */
export type NdArray =
  | { readonly type: "float"; readonly shape: readonly number[]; readonly data: Float32Array }
  | { readonly type: "int" | "bool"; readonly shape: readonly number[]; readonly data: Float64Array };

/** More elements than any detector's head has (YOLOv5x6 at 1536×1536: 13 million). Larger arrays are not allocated. */
const MAX_ELEMENTS = 2 ** 25;

/**
 * The number of elements of a shape.
 * @throws ModelError when a size is invalid or the tensor would be too large.
 */
export function elementsOf(shape: readonly number[]): number {
  const count = shape.reduce((product, size) => product * size, 1);
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw damagedModel(`a tensor has the impossible sizes [${shape.join(", ")}]`);
  }
  if (count > MAX_ELEMENTS) {
    throw damagedModel(`a tensor of [${shape.join(", ")}] is too large to be computed during the import`);
  }
  return count;
}

/** An array of this type filled with zeros. @throws ModelError when it would be too large. */
export function zeros(type: NdArray["type"], shape: readonly number[]): NdArray {
  const count = elementsOf(shape);
  return type === "float"
    ? { type, shape, data: new Float32Array(count) }
    : { type, shape, data: new Float64Array(count) };
}

/** Integers as an array: a vector, or a scalar for a plain number. */
export function integers(values: readonly number[] | number): NdArray {
  return typeof values === "number"
    ? { type: "int", shape: [], data: Float64Array.of(values) }
    : { type: "int", shape: [values.length], data: Float64Array.from(values) };
}

/** The same elements in another shape with the same number of elements. */
export function reshaped(array: NdArray, shape: readonly number[]): NdArray {
  return array.type === "float"
    ? { type: array.type, shape, data: array.data }
    : { type: array.type, shape, data: array.data };
}

/** Distance in elements between neighbours along each axis of a row-major array. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = shape.map(() => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) {
    strides[axis] = (strides[axis + 1] ?? 1) * (shape[axis + 1] ?? 1);
  }
  return strides;
}

/**
 * Copies elements in the row-major order of `shape`, stepping through `source` by `strides` from `offset`. This covers
 * transposing, slicing, expanding and flipping.
 */
export function gatherStrided(
  source: NdArray,
  shape: readonly number[],
  strides: readonly number[],
  offset = 0,
): NdArray {
  const result = zeros(source.type, shape);
  const indices = stridedIndices(shape, strides, offset);
  const [to, from] = [result.data, source.data];
  for (let i = 0; i < to.length; i++) to[i] = from[indices[i] ?? 0] ?? 0;
  return result;
}

/** For each element of `shape` in row-major order, its index in the source. */
export function stridedIndices(shape: readonly number[], strides: readonly number[], offset = 0): Int32Array {
  const indices = new Int32Array(elementsOf(shape));
  const inner = shape.at(-1) ?? 1;
  const innerStride = strides.at(-1) ?? 0;
  const counter = new Int32Array(shape.length);
  let from = offset;
  for (let i = 0; i < indices.length; i += inner) {
    for (let j = 0; j < inner; j++) indices[i + j] = from + j * innerStride;
    // Advance like an odometer, except for the last axis, which the loop above covers.
    for (let axis = shape.length - 2; axis >= 0; axis--) {
      const count = (counter[axis] ?? 0) + 1;
      from += strides[axis] ?? 0;
      if (count < (shape[axis] ?? 1)) {
        counter[axis] = count;
        break;
      }
      counter[axis] = 0;
      from -= count * (strides[axis] ?? 0);
    }
  }
  return indices;
}
