/** Convolutions of quantized integers, [batch, height, width, channels]. */
import type { Shape, Tensor, ValueType } from "../../graph/value.ts";
import type { OperatorDefinition } from "../operator.ts";
import { checkInputCount, elements, ShapeError, sameShape, showType, tensorAt } from "../shapes.ts";
import { type Padding, windowPositions } from "../window.ts";
import { type Multiplier, multiplierOf, scaled, scaledOnce } from "./arithmetic.ts";
import {
  arrayOf,
  limited,
  QUANTIZED_FACTS,
  type Quantized,
  type QuantizedResult,
  requireQuantized,
  requireRange,
  resultType,
} from "./quantized.ts";

/**
 * How a scaled accumulator is rounded: `twice`, after the product with the significand and after the shift (gemmlowp), or `once`,
 * halves up (`ruy::MultiplyByQuantizedMultiplier`), as FULLY_CONNECTED does.
 */
export type Rounding = "twice" | "once";

export interface FixedConvolutionAttributes {
  readonly strides: readonly [height: number, width: number];
  readonly dilations: readonly [height: number, width: number];
  readonly padding: Padding;
  readonly input: Quantized;
  /** Zero of the weights. */
  readonly weightZero: number;
  /** The real value of an accumulator of 1 in steps of the output, per output channel. */
  readonly factors: Float64Array;
  readonly rounding: Rounding;
  readonly output: QuantizedResult;
}

/** The sizes of a convolution. `group`: input channels of one output channel. */
export interface ConvolutionSizes {
  readonly input: readonly [batch: number, height: number, width: number, channels: number];
  readonly kernel: readonly [height: number, width: number];
  readonly output: readonly [batch: number, height: number, width: number, channels: number];
  readonly isDepthwise: boolean;
}

/** @throws ShapeError when weights or bias do not fit the input. */
export function convolutionSizes(
  [x, weights, bias]: readonly ValueType[],
  { strides, dilations, padding }: FixedConvolutionAttributes,
  isDepthwise: boolean,
): ConvolutionSizes {
  const [batch, height, width, channels] = x?.shape ?? [];
  if (x?.shape.length !== 4 || !batch || !height || !width || !channels) {
    throw new ShapeError(
      `input 0: expected [batch, height, width, channels], received ${x ? showType(x) : "nothing"}`,
    );
  }
  const [first, kernelHeight, kernelWidth, last] = weights?.shape ?? [];
  const outputs = isDepthwise ? last : first;
  const fits = isDepthwise ? first === 1 && (last ?? 0) % channels === 0 : last === channels;
  if (weights?.shape.length !== 4 || !kernelHeight || !kernelWidth || !outputs || !fits) {
    throw new ShapeError(
      `the weights ${weights ? showType(weights) : "are missing and"} do not fit ${channels} channels`,
    );
  }
  if (bias && (bias.dtype !== "i32" || !sameShape(bias.shape, [outputs]))) {
    throw new ShapeError(`bias: expected i32 [${outputs}], received ${showType(bias)}`);
  }
  const [down = 1, right = 1] = dilations;
  const reach = (size: number, dilation: number): number => (size - 1) * dilation + 1;
  const rows = windowPositions("height", height, reach(kernelHeight, down), strides[0], padding);
  const columns = windowPositions("width", width, reach(kernelWidth, right), strides[1], padding);
  return {
    input: [batch, height, width, channels],
    kernel: [kernelHeight, kernelWidth],
    output: [batch, rows, columns, outputs],
    isDepthwise,
  };
}

/** The multiplier of each output channel. */
export function multipliersOf({ factors }: FixedConvolutionAttributes): readonly Multiplier[] {
  return [...factors].map(multiplierOf);
}

function convolution(isDepthwise: boolean): OperatorDefinition<FixedConvolutionAttributes> {
  return {
    ...QUANTIZED_FACTS,
    infer(inputs, attributes) {
      checkInputCount(inputs, 2, 3);
      requireQuantized(inputs, 0, attributes.input);
      requireRange(attributes.output);
      const { output } = convolutionSizes(inputs, attributes, isDepthwise);
      if (inputs[1]?.dtype !== inputs[0]?.dtype) throw new ShapeError("expected weights of the input's type");
      if (attributes.factors.length !== output[3]) throw new ShapeError(`expected ${output[3]} factors`);
      return resultType(attributes.output, output);
    },
    reference: (inputs, attributes) => convolved(inputs, attributes, isDepthwise),
    multiplications([, weights], output) {
      const perPosition = elements(weights?.shape ?? []);
      const positions = elements(output.shape) / (output.shape.at(-1) ?? 1);
      return perPosition * positions;
    },
  };
}

function convolved(
  inputs: readonly Tensor[],
  attributes: FixedConvolutionAttributes,
  isDepthwise: boolean,
): Tensor {
  const [x, w, bias] = [tensorAt(inputs, 0), tensorAt(inputs, 1), inputs[2]];
  const sizes = convolutionSizes(
    inputs.map(({ shape }, index) => ({ shape, dtype: index === 2 ? "i32" : "i8" })),
    attributes,
    isDepthwise,
  );
  const { input, kernel, output: shape } = sizes;
  const [, height, width, channels] = input;
  const [kernelHeight, kernelWidth] = kernel;
  const [batch, rows, columns, outputs] = shape;
  const { strides, dilations, padding, weightZero, output } = attributes;
  const inputZero = attributes.input.zero;
  const multipliers = multipliersOf(attributes);
  const scale = attributes.rounding === "twice" ? scaled : scaledOnce;
  const perOutput = isDepthwise ? 1 : channels;
  const multiplier = outputs / channels;
  const data = arrayOf(output.dtype, elements(shape));
  const sums = new Int32Array(outputs);
  let at = 0;
  for (let image = 0; image < batch; image++) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        sums.fill(0);
        for (let ky = 0; ky < kernelHeight; ky++) {
          const y = row * strides[0] - padding.top + ky * dilations[0];
          if (y < 0 || y >= height) continue;
          for (let kx = 0; kx < kernelWidth; kx++) {
            const xAt = column * strides[1] - padding.left + kx * dilations[1];
            if (xAt < 0 || xAt >= width) continue;
            const from = ((image * height + y) * width + xAt) * channels;
            const tap = ky * kernelWidth + kx;
            for (let channel = 0; channel < outputs; channel++) {
              let sum = 0;
              for (let k = 0; k < perOutput; k++) {
                const value = x.data[from + (isDepthwise ? Math.floor(channel / multiplier) : k)] ?? 0;
                const weight = isDepthwise
                  ? w.data[tap * outputs + channel]
                  : w.data[(channel * kernelHeight * kernelWidth + tap) * channels + k];
                sum += (value - inputZero) * ((weight ?? 0) - weightZero);
              }
              sums[channel] = (sums[channel] ?? 0) + sum;
            }
          }
        }
        for (let channel = 0; channel < outputs; channel++) {
          const sum = ((sums[channel] ?? 0) + (bias?.data[channel] ?? 0)) | 0;
          const { [channel]: multiplierOfChannel = { significand: 0, shift: 0 } } = multipliers;
          data[at++] = limited(scale(sum, multiplierOfChannel) + output.zero, output);
        }
      }
    }
  }
  return { shape: shape satisfies Shape, data };
}

/**
 * TensorFlow Lite CONV_2D on integers (reference_integer_ops::ConvPerChannel, reference_ops::Conv): x, weights
 * [outputs, height, width, channels] and optionally a bias of i32. Padding is the zero of the input. y = zero + multiplier ·
 * (Σ (x − zero) · (w − zero) + bias), with the multiplier in fixed point.
 */
export const fixedConv2d = convolution(false);

/** DEPTHWISE_CONV_2D: weights [1, height, width, channels · n], n outputs of each channel. */
export const fixedDepthwiseConv2d = convolution(true);
