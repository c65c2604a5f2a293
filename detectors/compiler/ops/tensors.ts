/** Helpers for references on tensors of any rank. */
import { ARRAYS, type DType, type NumberArray, type Shape, type Tensor } from "../graph/value.ts";
import { elements, ShapeError } from "./shapes.ts";

/** A tensor filled with zeros. */
export function zeroTensor(dtype: DType, shape: Shape): Tensor {
  return { shape, data: new ARRAYS[dtype](elements(shape)) };
}

/** A tensor with numbers of the same type as another. */
export function tensorLike({ data }: Tensor, shape: Shape): Tensor {
  const Numbers = data.constructor as new (length: number) => NumberArray;
  return { shape, data: new Numbers(elements(shape)) };
}

/** Elements between neighbours along each axis of a row-major tensor. */
export function rowMajorStrides(shape: Shape): number[] {
  return shape.map((_, axis) => elements(shape.slice(axis + 1)));
}

/** Strides that repeat a tensor over a larger shape: 0 along axes of size 1 and along missing axes. */
export function broadcastStrides(shape: Shape, strides: readonly number[], result: Shape): number[] {
  const missing = result.length - shape.length;
  return result.map((_, axis) => ((shape[axis - missing] ?? 1) === 1 ? 0 : (strides[axis - missing] ?? 0)));
}

/**
 * The shape to which all shapes broadcast (ONNX, "multidirectional broadcasting").
 * @throws ShapeError when they do not fit together.
 */
export function broadcastShape(shapes: readonly Shape[]): Shape {
  const rank = Math.max(...shapes.map(({ length }) => length));
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = new Set(shapes.map((shape) => shape[axis - rank + shape.length] ?? 1));
    sizes.delete(1);
    const [size = 1, ...more] = sizes;
    if (more.length > 0) {
      throw new ShapeError(
        `cannot broadcast ${shapes.map((shape) => `[${shape.join(", ")}]`).join(" and ")}`,
      );
    }
    return size;
  });
}

/** The positions of the elements of `shape` in a tensor with these strides, in row-major order. */
export function* positions(shape: Shape, strides: readonly number[], first = 0): Generator<number> {
  const [size, ...inner] = shape;
  if (size === undefined) {
    yield first;
    return;
  }
  const [stride = 0, ...innerStrides] = strides;
  for (let index = 0; index < size; index++) yield* positions(inner, innerStrides, first + index * stride);
}

/** All `positions`, in less memory than a list of them. */
export function positionList(shape: Shape, strides: readonly number[]): Int32Array {
  const list = new Int32Array(elements(shape));
  let at = 0;
  for (const position of positions(shape, strides)) list[at++] = position;
  return list;
}

/**
 * Reads a tensor in another order: element i of the result is the one at the i-th position.
 * @param sizes the axes of the walk, whose product is that of `shape`
 */
export function gathered(
  x: Tensor,
  shape: Shape,
  strides: readonly number[],
  first = 0,
  sizes: Shape = shape,
): Tensor {
  const y = tensorLike(x, shape);
  let at = 0;
  for (const from of positions(sizes, strides, first)) y.data[at++] = x.data[from] ?? 0;
  return y;
}
