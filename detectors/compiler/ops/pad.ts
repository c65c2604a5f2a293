import type { Shape } from "../graph/value.ts";
import { ANY, hull } from "./interval.ts";
import { type OperatorDefinition, permutedNumbers, TENSOR_FACTS } from "./operator.ts";
import { checkInputCount, ShapeError, tensorAt } from "./shapes.ts";
import { positions, rowMajorStrides, tensorLike } from "./tensors.ts";

export interface PadAttributes {
  /** Elements added on each side of each axis, and between neighbours. */
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly between: readonly number[];
  /** The added elements. */
  readonly value: number;
}

/** The input surrounded by a constant, with gaps between its elements where `between` is not 0 (for transposed convolutions). */
export const pad: OperatorDefinition<PadAttributes> = {
  ...TENSOR_FACTS,
  permuted({ before, after, between, value }, order) {
    const isKept = [before, after].every((sizes) =>
      sizes.every((size, axis) => size === 0 || order.includes(axis)),
    );
    if (!isKept) return undefined;
    return {
      before: permutedNumbers(before, order),
      after: permutedNumbers(after, order),
      between: permutedNumbers(between, order),
      value,
    };
  },
  range: ([x = ANY], { value }) => hull(x, { least: value, most: value }),
  integers: "reorders",
  infer(inputs, attributes) {
    checkInputCount(inputs, 1, 1);
    const [x] = inputs;
    if (!x) throw new ShapeError("expected an input");
    const { before, after, between } = attributes;
    const all = [...before, ...after, ...between];
    if (all.length !== 3 * x.shape.length || !all.every((size) => Number.isSafeInteger(size) && size >= 0)) {
      throw new ShapeError(
        `expected ${x.shape.length} sizes of at least 0 on each side, received ${all.join(", ")}`,
      );
    }
    return { dtype: x.dtype, shape: paddedShape(x.shape, attributes), affine: x.affine };
  },
  reference(inputs, attributes) {
    const x = tensorAt(inputs, 0);
    const y = tensorLike(x, paddedShape(x.shape, attributes));
    y.data.fill(attributes.value);
    const strides = rowMajorStrides(y.shape);
    const first = strides.reduce((sum, stride, axis) => sum + stride * (attributes.before[axis] ?? 0), 0);
    const steps = strides.map((stride, axis) => stride * (1 + (attributes.between[axis] ?? 0)));
    let from = 0;
    for (const at of positions(x.shape, steps, first)) y.data[at] = x.data[from++] ?? 0;
    return y;
  },
};

function paddedShape(shape: Shape, { before, after, between }: PadAttributes): Shape {
  return shape.map(
    (size, axis) =>
      (before[axis] ?? 0) + size + Math.max(0, size - 1) * (between[axis] ?? 0) + (after[axis] ?? 0),
  );
}
