/** Elementwise operators: each element of the output depends only on the elements at the same position of the inputs. */
import type { Tensor, ValueType } from "../graph/value.ts";
import { logistic } from "./activation.ts";
import { FLOAT_MAP_FACTS, type NoAttributes, type OperatorDefinition } from "./operator.ts";
import { checkInputCount, ShapeError, sameShape, showType, tensorAt } from "./shapes.ts";

const ELEMENTWISE_FACTS = { ...FLOAT_MAP_FACTS, elementwise: true } as const;

/** ONNX Sigmoid-13: y = 1 / (1 + e⁻ˣ). */
export const sigmoid: OperatorDefinition<NoAttributes> = {
  ...ELEMENTWISE_FACTS,
  infer: inferUnary,
  reference: (inputs) => mapElements(inputs, logistic),
};

/** SiLU (Elfwing et al. 2017, arXiv:1702.03118): y = x · sigmoid(x). */
export const silu: OperatorDefinition<NoAttributes> = {
  ...ELEMENTWISE_FACTS,
  activation: () => "silu",
  infer: inferUnary,
  reference: (inputs) => mapElements(inputs, (x) => x * logistic(x)),
};

/** ONNX Relu-14: y = max(x, 0). */
export const relu: OperatorDefinition<NoAttributes> = {
  ...ELEMENTWISE_FACTS,
  activation: () => "relu",
  infer: inferUnary,
  reference: (inputs) => mapElements(inputs, (x) => Math.max(x, 0)),
};

/** TensorFlow Relu6: y = min(max(x, 0), 6). */
export const relu6: OperatorDefinition<NoAttributes> = {
  ...ELEMENTWISE_FACTS,
  activation: () => "relu6",
  infer: inferUnary,
  reference: (inputs) => mapElements(inputs, (x) => Math.min(Math.max(x, 0), 6)),
};

/** Hard swish (Howard et al. 2019, arXiv:1905.02244): y = slope · x · min(max(x + 3, 0), 6). */
export const hardSwish: OperatorDefinition<{ readonly slope: number }> = {
  ...ELEMENTWISE_FACTS,
  activation: ({ slope }) => ({ hardSwish: slope }),
  infer: inferUnary,
  reference: (inputs, { slope }) => mapElements(inputs, (x) => slope * x * Math.min(Math.max(x + 3, 0), 6)),
};

/** ONNX Add-14 without general broadcasting: both inputs of one shape, or the second [channels] or [1, 1, channels]. */
export const add: OperatorDefinition<NoAttributes> = {
  ...ELEMENTWISE_FACTS,
  infer: inferBinary,
  reference: (inputs) => combineElements(inputs, (a, b) => a + b),
};

/** ONNX Mul-14 with the same restriction as `add`. */
export const mul: OperatorDefinition<NoAttributes> = {
  ...ELEMENTWISE_FACTS,
  infer: inferBinary,
  reference: (inputs) => combineElements(inputs, (a, b) => a * b),
};

function inferUnary(inputs: readonly ValueType[]): ValueType {
  checkInputCount(inputs, 1, 1);
  return { dtype: "f32", shape: inputs[0]?.shape ?? [] };
}

/** @throws ShapeError for every other shape that ONNX would broadcast. */
function inferBinary(inputs: readonly ValueType[]): ValueType {
  checkInputCount(inputs, 2, 2);
  const [a, b] = inputs;
  if (a?.dtype !== "f32" || b?.dtype !== "f32") throw new ShapeError("expected two f32 inputs");
  const perChannel = b.shape.at(-1) === a.shape.at(-1) && b.shape.slice(0, -1).every((size) => size === 1);
  if (!sameShape(a.shape, b.shape) && !perChannel) {
    throw new ShapeError(
      `expected two inputs of one shape, or [channels] or [1, 1, channels] as the second; received ${showType(a)} and ${showType(b)}`,
    );
  }
  return { dtype: "f32", shape: a.shape };
}

function mapElements(inputs: readonly Tensor[], compute: (x: number) => number): Tensor {
  const { shape, data } = tensorAt(inputs, 0);
  return { shape, data: Float32Array.from(data, compute) };
}

/** Combines every element of the first input with its counterpart in the second, which repeats where it is shorter. */
function combineElements(inputs: readonly Tensor[], combine: (a: number, b: number) => number): Tensor {
  const a = tensorAt(inputs, 0);
  const b = tensorAt(inputs, 1);
  const period = b.data.length;
  return {
    shape: a.shape,
    data: Float32Array.from(a.data, (value, index) => combine(value, b.data[index % period] ?? 0)),
  };
}
