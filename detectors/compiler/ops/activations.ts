/** Activations: elementwise functions that networks apply to the sums of a layer. */
import { logistic } from "./activation.ts";
import { unary, unaryWith } from "./elementwise.ts";
import { rising } from "./interval.ts";
import type { NoAttributes, OperatorDefinition } from "./operator.ts";

/** ONNX Sigmoid-13: y = 1 / (1 + e⁻ˣ). */
const sigmoid = unary(logistic, ["f32"], () => ({ least: 0, most: 1.001 }));

/** SiLU (Elfwing et al. 2017, arXiv:1702.03118): y = x · sigmoid(x). */
const silu: OperatorDefinition<NoAttributes> = {
  ...unary((x) => x * logistic(x)),
  activation: () => "silu",
};

/** ONNX Relu-14: y = max(x, 0). */
const relu: OperatorDefinition<NoAttributes> = {
  ...unary(
    (x) => Math.max(x, 0),
    ["f32"],
    rising((x) => Math.max(x, 0)),
  ),
  activation: () => "relu",
};

/** TensorFlow Relu6: y = min(max(x, 0), 6). */
const relu6: OperatorDefinition<NoAttributes> = {
  ...unary(
    (x) => Math.min(Math.max(x, 0), 6),
    ["f32"],
    () => ({ least: 0, most: 6 }),
  ),
  activation: () => "relu6",
};

/** Hard swish (Howard et al. 2019, arXiv:1905.02244): y = slope · x · min(max(x + 3, 0), 6). */
const hardSwish: OperatorDefinition<{ readonly slope: number }> = {
  ...unaryWith<{ readonly slope: number }>((x, { slope }) => slope * x * Math.min(Math.max(x + 3, 0), 6)),
  activation: ({ slope }) => ({ hardSwish: slope }),
};

/** ONNX LeakyRelu-16: y = x for x ≥ 0, else slope · x. */
const leakyRelu: OperatorDefinition<{ readonly slope: number }> = {
  ...unaryWith<{ readonly slope: number }>((x, { slope }) => (x < 0 ? slope * x : x)),
  activation: ({ slope }) => ({ leakyRelu: slope }),
};

/** ONNX HardSigmoid-6: y = min(max(alpha · x + beta, 0), 1). */
const hardSigmoid = unaryWith<{ readonly alpha: number; readonly beta: number }>((x, { alpha, beta }) =>
  Math.min(Math.max(alpha * x + beta, 0), 1),
);

/** ONNX Elu-6 and Selu-6: y = gamma · x for x > 0, else gamma · alpha · (eˣ − 1). */
const elu = unaryWith<{ readonly alpha: number; readonly gamma: number }>(
  (x, { alpha, gamma }) => gamma * (x > 0 ? x : alpha * Math.expm1(x)),
);

/** ONNX Softplus-1: y = ln(1 + eˣ). */
const softplus = unary((x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))));

/** All activations by name. */
export const activations = {
  sigmoid,
  silu,
  relu,
  relu6,
  hard_swish: hardSwish,
  leaky_relu: leakyRelu,
  hard_sigmoid: hardSigmoid,
  elu,
  softplus,
};
