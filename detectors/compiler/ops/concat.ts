import { type Affine, type Shape, sameAffine, type ValueType } from "../graph/value.ts";
import { hull } from "./interval.ts";
import { type OperatorDefinition, permutedAxis, TENSOR_FACTS } from "./operator.ts";
import { checkInputCount, dtypeAt, elements, ShapeError, showType, tensorAt } from "./shapes.ts";
import { tensorLike } from "./tensors.ts";

export interface ConcatAttributes {
  readonly axis: number;
}

/** ONNX Concat-13: joins tensors of one type along an axis. */
export const concat: OperatorDefinition<ConcatAttributes> = {
  ...TENSOR_FACTS,
  stride: () => 1,
  joinedAxis: ({ axis }) => axis,
  permuted: ({ axis }, order) => {
    const moved = permutedAxis(axis, order);
    return moved === undefined ? undefined : { axis: moved };
  },
  integers: "moves",
  range: (ranges) => hull(...ranges),
  infer(inputs, { axis }) {
    checkInputCount(inputs, 1, Infinity);
    const dtype = dtypeAt(inputs, 0);
    const first: Shape = inputs[0]?.shape ?? [];
    for (const [index, input] of inputs.entries()) {
      const fits =
        input.dtype === dtype &&
        input.shape.length === first.length &&
        input.shape.every((size, at) => at === axis || size === first[at]);
      if (fits) continue;
      throw new ShapeError(
        `input ${index}: expected ${dtype} [${first.map((size, at) => (at === axis ? "any" : size)).join(", ")}] like input 0, received ${showType(input)}`,
      );
    }
    if (first[axis] === undefined) throw new ShapeError(`there is no axis ${axis}`);
    const joined = inputs.reduce((sum, { shape }) => sum + (shape[axis] ?? 0), 0);
    return { dtype, shape: first.with(axis, joined), affine: joinedAffine(inputs) };
  },
  reference(inputs, { axis }) {
    const { shape: first } = tensorAt(inputs, 0);
    const joined = inputs.reduce((sum, { shape }) => sum + (shape[axis] ?? 0), 0);
    const y = tensorLike(tensorAt(inputs, 0), first.with(axis, joined));
    const rows = elements(first.slice(0, axis));
    const rowLength = elements(y.shape.slice(axis));
    let offset = 0;
    for (const { shape, data } of inputs) {
      const own = elements(shape.slice(axis));
      for (let row = 0; row < rows; row++) {
        y.data.set(data.subarray(row * own, (row + 1) * own), row * rowLength + offset);
      }
      offset += own;
    }
    return y;
  },
};

/**
 * Scales and zero points of the channels of all inputs: one for all where the inputs share it.
 * @throws ShapeError when only some inputs have them.
 */
function joinedAffine(inputs: readonly ValueType[]): Affine | undefined {
  const parts = inputs.map(({ affine }) => affine).filter((affine) => affine !== undefined);
  if (parts.length === 0) return undefined;
  if (parts.length < inputs.length) throw new ShapeError("some inputs are quantized, and others are not");
  const [first] = parts;
  if (parts.every((part) => part.scale.length === 1 && sameAffine(part, first))) return first;
  const join = (of: (part: Affine) => Float32Array) =>
    Float32Array.from(parts.flatMap((part) => [...of(part)]));
  return { scale: join(({ scale }) => scale), zero: join(({ zero }) => zero) };
}
