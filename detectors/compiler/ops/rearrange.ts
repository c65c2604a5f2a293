import type { Shape } from "../graph/value.ts";
import { ANY } from "./interval.ts";
import { type OperatorDefinition, TENSOR_FACTS } from "./operator.ts";
import { checkInputCount, elements, ShapeError, tensorAt } from "./shapes.ts";
import { gathered, rowMajorStrides } from "./tensors.ts";

export interface RearrangeAttributes {
  /** The axes of the input, each split into these sizes, outermost first. None is 1. */
  readonly sizes: Shape;
  /** The order of the split axes in the output. */
  readonly order: readonly number[];
  /** The output, whose axes join the split axes again. */
  readonly shape: Shape;
}

/**
 * A reshape, a transposition and another reshape in one: splits axes, reorders them and joins them. It expresses layout changes,
 * shuffles of channels, and blocks of pixels that become channels.
 */
export const rearrange: OperatorDefinition<RearrangeAttributes> = {
  ...TENSOR_FACTS,
  range: ([x = ANY]) => x,
  integers: "reorders",
  infer(inputs, { sizes, order, shape }) {
    checkInputCount(inputs, 1, 1);
    const [x] = inputs;
    if (!x) throw new ShapeError("expected an input");
    const isOrder = order.toSorted((a, b) => a - b).every((axis, index) => axis === index);
    const reordered = order.map((axis) => sizes[axis] ?? 0);
    const isSplit = sizes.every((size) => size > 1);
    if (
      !isOrder ||
      !isSplit ||
      order.length !== sizes.length ||
      !splits(x.shape, sizes) ||
      !splits(shape, reordered)
    ) {
      throw new ShapeError(
        `cannot split [${x.shape.join(", ")}] into [${sizes.join(", ")}] and join them as [${shape.join(", ")}] in the order ${order.join(", ")}`,
      );
    }
    return { dtype: x.dtype, shape, affine: x.affine };
  },
  reference(inputs, { sizes, order, shape }) {
    const strides = rowMajorStrides(sizes);
    return gathered(
      tensorAt(inputs, 0),
      shape,
      order.map((axis) => strides[axis] ?? 0),
      0,
      order.map((axis) => sizes[axis] ?? 1),
    );
  },
};

/** Whether each axis of `shape` is the product of consecutive sizes. */
function splits(shape: Shape, sizes: Shape): boolean {
  return splitStrides(shape, rowMajorStrides(shape), sizes) !== undefined;
}

/**
 * The distances between neighbours along axes that were split into these sizes; undefined where they do not divide an axis.
 * @param strides those along the axes of `shape`
 */
export function splitStrides(
  shape: Shape,
  strides: readonly number[],
  sizes: Shape,
): readonly number[] | undefined {
  const split: number[] = [];
  let next = 0;
  for (const [axis, size] of shape.entries()) {
    const first = next;
    let product = 1;
    while (product < size && next < sizes.length) product *= sizes[next++] ?? 1;
    if (product !== size) return undefined;
    for (let at = first; at < next; at++) {
      split.push((strides[axis] ?? 0) * elements(sizes.slice(at + 1, next)));
    }
  }
  return next === sizes.length ? split : undefined;
}
