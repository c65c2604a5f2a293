import type { Tensor, ValueType } from "../graph/value.ts";
import { activate } from "./activation.ts";
import { CONVOLUTION_FACTS, type ConvolutionAttributes } from "./conv2d.ts";
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
import { windowPositions } from "./window.ts";

function infer(inputs: readonly ValueType[], { stride, padding }: ConvolutionAttributes): ValueType {
  checkInputCount(inputs, 2, 3);
  const [height, width, channels] = featureMap(inputs, 0);
  const [, weights, bias] = inputs;
  const [kernelHeight, kernelWidth, weightChannels] = weights?.shape ?? [];
  if (weights?.shape.length !== 3 || !kernelHeight || !kernelWidth || weightChannels !== channels) {
    throw new ShapeError(
      `weights: expected [kernelHeight, kernelWidth, ${channels}], received ${weights ? showType(weights) : "nothing"}`,
    );
  }
  if (bias && !sameShape(bias.shape, [channels])) {
    throw new ShapeError(`bias: expected [${channels}], received ${showType(bias)}`);
  }
  const rows = windowPositions("height", height, kernelHeight, stride, padding);
  const columns = windowPositions("width", width, kernelWidth, stride, padding);
  return { dtype: "f32", shape: [rows, columns, channels] };
}

function reference(
  inputs: readonly Tensor[],
  { stride, padding, activation }: ConvolutionAttributes,
): Tensor {
  const x = tensorAt(inputs, 0);
  const weights = tensorAt(inputs, 1);
  const bias = inputs[2]?.data;
  const [height, width, channels] = mapSize(x);
  const [kernelHeight = 1, kernelWidth = 1] = weights.shape;
  const outHeight = windowPositions("height", height, kernelHeight, stride, padding);
  const outWidth = windowPositions("width", width, kernelWidth, stride, padding);
  const shape = [outHeight, outWidth, channels];
  const data = new Float32Array(elements(shape));
  let at = 0;
  for (let oy = 0; oy < outHeight; oy++) {
    for (let ox = 0; ox < outWidth; ox++) {
      for (let channel = 0; channel < channels; channel++) {
        let sum = bias?.[channel] ?? 0;
        for (let ky = 0; ky < kernelHeight; ky++) {
          const row = oy * stride - padding.top + ky;
          if (row < 0 || row >= height) continue;
          for (let kx = 0; kx < kernelWidth; kx++) {
            const column = ox * stride - padding.left + kx;
            if (column < 0 || column >= width) continue;
            const value = x.data[(row * width + column) * channels + channel] ?? 0;
            sum += value * (weights.data[(ky * kernelWidth + kx) * channels + channel] ?? 0);
          }
        }
        data[at++] = activate(activation, sum);
      }
    }
  }
  return { shape, data };
}

/** TensorFlow DepthwiseConv2dNative with a channel multiplier of 1, and the activation that a pass fuses into it. */
export const depthwiseConv2d: OperatorDefinition<ConvolutionAttributes> = {
  ...FLOAT_MAP_FACTS,
  ...CONVOLUTION_FACTS,
  infer,
  reference,
};
