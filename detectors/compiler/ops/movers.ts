/** Operators that read the elements of a tensor in another order, with other sizes, or repeatedly. */
import type { Shape, ValueType } from "../graph/value.ts";
import { ANY } from "./interval.ts";
import { type OperatorDefinition, permutedNumbers, TENSOR_FACTS } from "./operator.ts";
import { checkInputCount, elements, ShapeError, sameShape, showType, tensorAt } from "./shapes.ts";
import { broadcastShape, broadcastStrides, gathered, rowMajorStrides } from "./tensors.ts";

/** Where a mover reads: the size of its output, elements between neighbours along its axes, and the first element. */
export interface Walk {
  readonly shape: Shape;
  /** Elements of the input, given those between neighbours along the input's own axes. */
  readonly stridesOf: (strides: readonly number[]) => readonly number[];
  /** The index of the first element along each axis of the input. */
  readonly starts: readonly number[];
}

/** An operator that only walks over its input. */
export interface MoverDefinition<Attributes> extends OperatorDefinition<Attributes> {
  /** @throws ShapeError when the attributes do not fit the input. */
  readonly walk: (input: Shape, attributes: Attributes) => Walk;
}

function mover<Attributes extends object>(
  walk: MoverDefinition<Attributes>["walk"],
  permuted: MoverDefinition<Attributes>["permuted"],
): MoverDefinition<Attributes> {
  return {
    ...TENSOR_FACTS,
    range: ([x = ANY]) => x,
    integers: "reorders",
    walk,
    permuted,
    infer(inputs, attributes) {
      const { dtype, shape, affine } = onlyInput(inputs);
      return { dtype, shape: walk(shape, attributes).shape, affine };
    },
    reference(inputs, attributes) {
      const x = tensorAt(inputs, 0);
      const { shape, stridesOf, starts } = walk(x.shape, attributes);
      const strides = rowMajorStrides(x.shape);
      const first = starts.reduce((sum, start, axis) => sum + start * (strides[axis] ?? 0), 0);
      return gathered(x, shape, stridesOf(strides), first);
    },
  };
}

function onlyInput(inputs: readonly ValueType[]): ValueType {
  checkInputCount(inputs, 1, 1);
  const [input] = inputs;
  if (!input) throw new ShapeError("expected an input");
  return input;
}

/** ONNX Transpose-13: axis i of the output is axis order[i] of the input. */
export const transpose = mover<{ readonly order: readonly number[] }>((input, { order }) => {
  if (
    !sameShape(
      order.toSorted(),
      input.map((_, axis) => axis),
    )
  ) {
    throw new ShapeError(`cannot reorder ${input.length} axes by [${order.join(", ")}]`);
  }
  return {
    shape: order.map((axis) => input[axis] ?? 1),
    stridesOf: (strides) => order.map((axis) => strides[axis] ?? 0),
    starts: input.map(() => 0),
  };
}, TENSOR_FACTS.permuted);

export interface SliceAttributes {
  /** Per axis: the first index, the distance between indices (negative: backwards), and their number. */
  readonly starts: readonly number[];
  readonly steps: readonly number[];
  readonly sizes: readonly number[];
}

/** ONNX Slice-13 with all axes given. */
export const slice = mover<SliceAttributes>((input, { starts, steps, sizes }) => {
  for (const [axis, size] of sizes.entries()) {
    const [start = 0, step = 0] = [starts[axis], steps[axis]];
    const last = start + (size - 1) * step;
    const isInside = [start, last].every((index) => index >= 0 && index < (input[axis] ?? 0));
    if (size < 0 || (size > 0 && !isInside)) {
      throw new ShapeError(`cannot take ${size} elements from ${start} by ${step} along axis ${axis}`);
    }
  }
  if (sizes.length !== input.length)
    throw new ShapeError(`expected ${input.length} axes, received ${sizes.length}`);
  return {
    shape: sizes,
    stridesOf: (strides) => strides.map((stride, axis) => stride * (steps[axis] ?? 1)),
    starts,
  };
}, permutedSlice);

/** An axis that is omitted has one element before and after. */
function permutedSlice(
  { starts, steps, sizes }: SliceAttributes,
  order: readonly number[],
): SliceAttributes | undefined {
  if (sizes.some((size, axis) => size !== 1 && !order.includes(axis))) return undefined;
  return {
    starts: permutedNumbers(starts, order),
    steps: permutedNumbers(steps, order),
    sizes: permutedNumbers(sizes, order),
  };
}

/** ONNX Expand-13: repeats axes of size 1, and adds outer axes. */
export const expand = mover<{ readonly shape: Shape }>((input, { shape }) => {
  if (!sameShape(broadcastShape([input, shape]), shape)) {
    throw new ShapeError(`cannot expand [${input.join(", ")}] to [${shape.join(", ")}]`);
  }
  return {
    shape,
    stridesOf: (strides) => broadcastStrides(input, strides, shape),
    starts: input.map(() => 0),
  };
}, TENSOR_FACTS.permuted);

/** ONNX Reshape-14 with known sizes: the same elements in row-major order. */
export const reshape: OperatorDefinition<{ readonly shape: Shape }> = {
  ...TENSOR_FACTS,
  range: ([x = ANY]) => x,
  integers: "reorders",
  infer(inputs, { shape }) {
    const x = onlyInput(inputs);
    if (elements(shape) !== elements(x.shape)) {
      throw new ShapeError(`cannot reshape ${showType(x)} to [${shape.join(", ")}]`);
    }
    return { dtype: x.dtype, shape, affine: x.affine };
  },
  reference: (inputs, { shape }) => ({ shape, data: tensorAt(inputs, 0).data }),
};
