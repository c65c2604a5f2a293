import type { OperatorAttributes, ValueType } from "../graph/graph.ts";
import { activate } from "./activation.ts";
import {
  checkInputCount,
  elements,
  featureMap,
  mapSize,
  type OperatorDefinition,
  ShapeError,
  sameShape,
  showType,
  type Tensor,
  tensorAt,
  windowPositions,
} from "./operator.ts";

function infer(inputs: readonly ValueType[], attributes: OperatorAttributes["conv2d"]): ValueType {
  checkInputCount(inputs, 2, 4);
  const [height, width, channels] = featureMap(inputs, 0);
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
  const { stride, padding } = attributes;
  const shape = [
    windowPositions("height", height, kernelHeight, stride, padding),
    windowPositions("width", width, kernelWidth, stride, padding),
    outputs,
  ];
  if (bias && !sameShape(bias.shape, [outputs])) {
    throw new ShapeError(`bias: expected [${outputs}], received ${showType(bias)}`);
  }
  if (residual && (residual.dtype !== "f32" || !sameShape(residual.shape, shape))) {
    throw new ShapeError(`residual: expected f32 [${shape.join(", ")}], received ${showType(residual)}`);
  }
  return { dtype: "f32", shape };
}

function reference(inputs: readonly Tensor[], attributes: OperatorAttributes["conv2d"]): Tensor {
  const x = tensorAt(inputs, 0);
  const weights = tensorAt(inputs, 1);
  const bias = inputs[2]?.data;
  const residual = inputs[3]?.data;
  const { stride, padding, activation } = attributes;
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
      // Taps left and right of the picture are zeros: a row of the window is one contiguous run of pixels inside it.
      const firstColumn = ox * stride - padding.left;
      const skipped = Math.max(0, -firstColumn);
      const run = (Math.min(kernelWidth, width - firstColumn) - skipped) * channels;
      for (let output = 0; output < outputs; output++) {
        let sum = bias?.[output] ?? 0;
        for (let ky = 0; ky < kernelHeight; ky++) {
          const row = firstRow + ky;
          if (row < 0 || row >= height) continue;
          const from = (row * width + firstColumn + skipped) * channels;
          const tap = ((output * kernelHeight + ky) * kernelWidth + skipped) * channels;
          for (let i = 0; i < run; i++) sum += (x.data[from + i] ?? 0) * (weights.data[tap + i] ?? 0);
        }
        y[at] = activate(activation, sum) + (residual?.[at] ?? 0);
        at++;
      }
    }
  }
  return { shape, data: y };
}

/**
 * ONNX Conv-11 in two dimensions with one group and no dilation, followed by what the passes fold into it:
 * y = activation(conv(x, weights) + bias) + residual.
 */
export const conv2d: OperatorDefinition<"conv2d"> = { infer, reference };
