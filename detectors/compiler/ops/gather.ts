import { ANY } from "./interval.ts";
import { type OperatorDefinition, TENSOR_FACTS } from "./operator.ts";
import { checkInputCount, elements, ShapeError, tensorAt } from "./shapes.ts";
import { tensorLike } from "./tensors.ts";

export interface GatherAttributes {
  readonly axis: number;
}

/**
 * ONNX Gather-13: slices of the first input along an axis, at the indices of the second (i32). Negative indices count from the
 * end. An index beyond the axis reads the nearest slice.
 */
export const gather: OperatorDefinition<GatherAttributes> = {
  ...TENSOR_FACTS,
  range: ([x = ANY]) => x,
  integers: "reorders",
  infer(inputs, { axis }) {
    checkInputCount(inputs, 2, 2);
    const [x, indices] = inputs;
    if (!x || indices?.dtype !== "i32") throw new ShapeError("expected indices of i32");
    if (!x.shape[axis]) throw new ShapeError(`axis ${axis} has no elements`);
    return {
      dtype: x.dtype,
      shape: [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)],
      affine: x.affine,
    };
  },
  reference(inputs, { axis }) {
    const [x, indices] = [tensorAt(inputs, 0), tensorAt(inputs, 1)];
    const size = x.shape[axis] ?? 1;
    const run = elements(x.shape.slice(axis + 1));
    const y = tensorLike(x, [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)]);
    let to = 0;
    for (let row = 0; row < elements(x.shape.slice(0, axis)); row++) {
      for (const requested of indices.data) {
        const index = Math.max(0, Math.min(size - 1, requested < 0 ? requested + size : requested));
        const from = (row * size + index) * run;
        y.data.set(x.data.subarray(from, from + run), to);
        to += run;
      }
    }
    return y;
  },
};
