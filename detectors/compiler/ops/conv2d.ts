import type { DType, Shape, Tensor, ValueType } from "../graph/value.ts";
import { type Activation, activate } from "./activation.ts";
import { FLOAT_MAP_FACTS, type OperatorDefinition } from "./operator.ts";
import {
  checkInputCount,
  elements,
  featureMap,
  mapSize,
  ShapeError,
  sameShape,
  showType,
  tensorAt,
} from "./shapes.ts";
import { type WindowAttributes, windowPositions } from "./window.ts";

export interface ConvolutionAttributes extends WindowAttributes {
  readonly activation: Activation;
}

/** The facts of every kind of convolution in floats. */
export const CONVOLUTION_FACTS = {
  stride: ({ stride }: WindowAttributes) => stride,
  border: ({ padding }: WindowAttributes) => ({ padding, zero: undefined }),
  multiplications: ([, weights]: readonly ValueType[], { shape: [height = 0, width = 0] }: ValueType) =>
    height * width * elements(weights?.shape ?? [0]),
} as const;

/**
 * Checks the inputs of a convolution (x, weights, bias, residual) and returns the shape of its output.
 * @throws ShapeError
 */
export function convolutionShape(
  inputs: readonly ValueType[],
  { stride, padding }: WindowAttributes,
  dtypes: readonly DType[],
  residualTypes: readonly DType[],
): Shape {
  checkInputCount(inputs, 2, 4);
  const [height, width, channels] = featureMap(inputs, 0, dtypes);
  const [, weights, bias, residual] = inputs;
  const [outputs, kernelHeight, kernelWidth, weightChannels] = weights?.shape ?? [];
  if (
    weights?.shape.length !== 4 ||
    !outputs ||
    !kernelHeight ||
    !kernelWidth ||
    weightChannels !== channels
  ) {
    throw new ShapeError(
      `weights: expected [outputs, kernelHeight, kernelWidth, ${channels}], received ${weights ? showType(weights) : "nothing"}`,
    );
  }
  const shape = [
    windowPositions("height", height, kernelHeight, stride, padding),
    windowPositions("width", width, kernelWidth, stride, padding),
    outputs,
  ];
  if (bias && !sameShape(bias.shape, [outputs])) {
    throw new ShapeError(`bias: expected [${outputs}], received ${showType(bias)}`);
  }
  if (residual && (!residualTypes.includes(residual.dtype) || !sameShape(residual.shape, shape))) {
    throw new ShapeError(
      `residual: expected ${residualTypes.join(" or ")} [${shape.join(", ")}], received ${showType(residual)}`,
    );
  }
  return shape;
}

/**
 * Computes the sums of a convolution.
 * @param initial the value at which the sums of an output channel start
 * @param end turns a sum into an element of the result, given its output channel and its index in the result
 */
export function convolve(
  x: Tensor,
  weights: Tensor,
  { stride, padding }: WindowAttributes,
  initial: (output: number) => number,
  end: (sum: number, output: number, at: number) => number,
): Tensor {
  const [height, width, channels] = mapSize(x);
  const [outputs = 1, kernelHeight = 1, kernelWidth = 1] = weights.shape;
  const outHeight = windowPositions("height", height, kernelHeight, stride, padding);
  const outWidth = windowPositions("width", width, kernelWidth, stride, padding);
  const shape = [outHeight, outWidth, outputs];
  const y = new Float32Array(elements(shape));

  let at = 0;
  for (let oy = 0; oy < outHeight; oy++) {
    const firstRow = oy * stride - padding.top;
    for (let ox = 0; ox < outWidth; ox++) {
      // Padding contributes zeros, so only the contiguous run of pixels inside the map counts.
      const firstColumn = ox * stride - padding.left;
      const skipped = Math.max(0, -firstColumn);
      const run = (Math.min(kernelWidth, width - firstColumn) - skipped) * channels;
      for (let output = 0; output < outputs; output++) {
        let sum = initial(output);
        for (let ky = 0; ky < kernelHeight; ky++) {
          const row = firstRow + ky;
          if (row < 0 || row >= height) continue;
          const from = (row * width + firstColumn + skipped) * channels;
          const tap = ((output * kernelHeight + ky) * kernelWidth + skipped) * channels;
          for (let i = 0; i < run; i++) sum += (x.data[from + i] ?? 0) * (weights.data[tap + i] ?? 0);
        }
        y[at] = end(sum, output, at);
        at++;
      }
    }
  }
  return { shape, data: y };
}

function reference(inputs: readonly Tensor[], attributes: ConvolutionAttributes): Tensor {
  const bias = inputs[2]?.data;
  const residual = inputs[3]?.data;
  return convolve(
    tensorAt(inputs, 0),
    tensorAt(inputs, 1),
    attributes,
    (output) => bias?.[output] ?? 0,
    (sum, _, at) => activate(attributes.activation, sum) + (residual?.[at] ?? 0),
  );
}

/**
 * ONNX Conv-11 in two dimensions with one group and no dilation, and the operators that passes fuse into it:
 * y = activation(conv(x, weights) + bias) + residual. Inputs: x, weights [outC, kh, kw, inC], bias [outC] (optional),
 * residual (optional, needs a bias). Padding is with zeros.
 */
export const conv2d: OperatorDefinition<ConvolutionAttributes> = {
  ...FLOAT_MAP_FACTS,
  ...CONVOLUTION_FACTS,
  integers: { inputs: (count) => Array.from({ length: count }, (_, index) => index), makesMap: true },
  infer: (inputs, attributes) => ({
    dtype: "f32",
    shape: convolutionShape(inputs, attributes, ["f32", "u8"], ["f32"]),
  }),
  reference,
};
