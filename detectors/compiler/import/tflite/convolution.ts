/** Convolutions and products of matrices, of quantized integers and of floats. */
import type { Affine } from "../../graph/value.ts";
import { multiplierOf } from "../../ops/fixed-point/arithmetic.ts";
import type { FixedConvolutionAttributes } from "../../ops/fixed-point/convolution.ts";
import { elements } from "../../ops/shapes.ts";
import type { Padding } from "../../ops/window.ts";
import {
  activated,
  type FusedActivation,
  fusedActivation,
  isQuantized,
  samePadding,
  type TfliteCall,
  type TfliteImporter,
} from "./call.ts";

type Pair = readonly [height: number, width: number];

interface Window {
  readonly strides: Pair;
  readonly dilations: Pair;
  readonly padding: Padding;
  readonly activation: FusedActivation;
}

/** The window of a convolution. Fields of the options: where the activation and the dilations are. */
function windowOf(call: TfliteCall, activation: number, dilation: number): Window {
  const { options } = call;
  const [, height = 1, width = 1] = call.input(0).shape;
  const [, kernelHeight = 1, kernelWidth = 1] = call.input(1).shape;
  const strides: Pair = [options.int32(2), options.int32(1)];
  const dilations: Pair = [options.int32(dilation + 1, 1), options.int32(dilation, 1)];
  if ([...strides, ...dilations].some((n) => n < 1)) throw call.refuse("has a stride or dilation below 1");
  const isSame = options.int8(0) === 0;
  const along = (size: number, kernel: number, axis: 0 | 1): readonly [number, number] =>
    isSame ? samePadding(size, strides[axis], (kernel - 1) * dilations[axis] + 1) : [0, 0];
  const [top, bottom] = along(height, kernelHeight, 0);
  const [left, right] = along(width, kernelWidth, 1);
  return {
    strides,
    dilations,
    padding: { top, left, bottom, right },
    activation: fusedActivation(call, activation),
  };
}

/** Weights of bytes as a constant in this shape, with a scale per output channel or one for all. */
function weightsOf(call: TfliteCall, shape: readonly number[]): { value: string; affine: Affine } {
  const tensor = call.input(1);
  const { scale = [], zero = [] } = tensor.quantization ?? {};
  const numbers = call.known(1);
  if (!(numbers instanceof Int8Array || numbers instanceof Uint8Array) || new Set(zero).size !== 1) {
    throw call.refuse(`has weights of ${tensor.type} that are not quantized with one zero`);
  }
  const dtype = numbers instanceof Int8Array ? "i8" : "u8";
  return {
    value: call.constant(shape, numbers, dtype),
    affine: { scale: Float32Array.from(scale), zero: Float32Array.from(zero) },
  };
}

/**
 * The real value of an accumulator of 1 in steps of the output, per output channel. The reference kernels multiply the scales of
 * input and weights in binary64 for scales per channel, and in binary32 where one scale holds for all (`isSingle`).
 */
function factorsOf(call: TfliteCall, scale: Float32Array, outputs: number, isSingle: boolean): Float64Array {
  const input = call.quantized(call.input(0)).scale;
  const output = call.quantized(call.output()).scale;
  if (scale.length !== 1 && scale.length !== outputs) {
    throw call.refuse(`has ${scale.length} scales of weights for ${outputs} outputs`);
  }
  return Float64Array.from({ length: outputs }, (_, channel) => {
    const product = input * (scale[scale.length === 1 ? 0 : channel] ?? 1);
    return (isSingle ? Math.fround(product) : product) / output;
  });
}

/**
 * Whether the kernels compute the fixed-point quotient of a sum of this size exactly: a quotient by 2³¹ counts as 0 there, and the
 * sum with half a divisor must fit. Channels without any use have biases of about 2³⁰.
 */
function isExact(sum: number, factor: number): boolean {
  const { significand, shift } = multiplierOf(factor);
  const product = (sum * significand) / 2 ** 31 + 1;
  return sum < 2 ** 31 && product < (shift < -30 ? 2 ** 30 : 1.5 * 2 ** 30);
}

/** The bias. @throws ModelError when its sum with this many products may be too large. */
function biasOf(call: TfliteCall, products: number, factors: Float64Array): readonly string[] {
  const largestProduct = call.dtype(0) === "u8" ? 255 * 255 : 255 * 128;
  const bias = call.has(2) ? call.known(2) : [];
  for (const [channel, factor] of factors.entries()) {
    const sum = Math.abs(bias[channel] ?? 0) + products * largestProduct;
    if (!isExact(sum, factor)) throw call.refuse("has sums that may not fit");
  }
  return call.has(2) ? [call.value(2)] : [];
}

function fixedConvolution(
  call: TfliteCall,
  op: "fixed_conv2d" | "fixed_depthwise_conv2d",
  { strides, dilations, padding, activation }: Window,
): string {
  const shape = call.input(1).shape;
  const { value, affine } = weightsOf(call, shape);
  const outputs = shape[op === "fixed_conv2d" ? 0 : 3] ?? 0;
  const attributes: FixedConvolutionAttributes = {
    strides,
    dilations,
    padding,
    input: call.quantized(call.input(0)),
    weightZero: affine.zero[0] ?? 0,
    factors: factorsOf(call, affine.scale, outputs, call.dtype(0) === "u8"),
    rounding: "twice",
    output: call.result(activation),
  };
  const products = elements(shape) / outputs;
  return call.add(op, [call.value(0), value, ...biasOf(call, products, attributes.factors)], attributes);
}

/** A bias of floats; zeros where there is none. */
function floatBias(call: TfliteCall, outputs: number): string {
  if (call.has(2)) return call.real(2, [outputs]);
  return call.add("expand", [call.constant([1], [0])], { shape: [outputs] });
}

/** Whether the fast kernels of feature maps can compute a convolution. */
function fitsMaps(call: TfliteCall, { strides, dilations }: Window): boolean {
  const [batch] = call.input(0).shape;
  return batch === 1 && strides[0] === strides[1] && dilations.every((dilation) => dilation === 1);
}

/** A convolution of floats as ONNX has it: [batch, channels, height, width] with padding in front of it. */
function generalConvolution(
  call: TfliteCall,
  weights: string,
  groups: number,
  { strides, dilations, padding }: Window,
): string {
  const { top, left, bottom, right } = padding;
  const x = call.add("transpose", [call.real(0)], { order: [0, 3, 1, 2] });
  const padded = call.add("pad", [x], {
    before: [0, 0, top, left],
    after: [0, 0, bottom, right],
    between: [0, 0, 0, 0],
    value: 0,
  });
  const y = call.add("convolution", [padded, weights], { strides, dilations, groups });
  const [batch = 0, , perGroup = 0, ...sizes] = call.shapeOf(y);
  const joined = call.add("reshape", [y], { shape: [batch, groups * perGroup, ...sizes] });
  return call.add("transpose", [joined], { order: [0, 2, 3, 1] });
}

const convolution: TfliteImporter = (call) => {
  const window = windowOf(call, 3, 4);
  if (isQuantized(call)) return fixedConvolution(call, "fixed_conv2d", window);
  const [outputs = 0] = call.input(1).shape;
  const bias = floatBias(call, outputs);
  const weights = call.real(1);
  if (fitsMaps(call, window) && call.isKnown(1)) {
    const [stride] = window.strides;
    const attributes = { stride, padding: window.padding, activation: "none" } as const;
    const y = call.add("conv2d", [call.map(0), weights, bias], attributes);
    return call.batched(activated(call, y, window.activation));
  }
  const swapped = call.add("transpose", [weights], { order: [0, 3, 1, 2] });
  const [, channels = 1] = call.shapeOf(swapped);
  const groups = (call.input(0).shape[3] ?? 0) / channels;
  const y = call.add("add", [generalConvolution(call, swapped, groups, window), bias], {});
  return activated(call, y, window.activation);
};

const depthwise: TfliteImporter = (call) => {
  const window = windowOf(call, 4, 5);
  if (isQuantized(call)) return fixedConvolution(call, "fixed_depthwise_conv2d", window);
  const [, height = 0, width = 0, outputs = 0] = call.input(1).shape;
  const channels = call.input(0).shape[3] ?? 0;
  const bias = floatBias(call, outputs);
  if (fitsMaps(call, window) && outputs === channels && call.isKnown(1)) {
    const [stride] = window.strides;
    const weights = call.real(1, [height, width, outputs]);
    const attributes = { stride, padding: window.padding, activation: "none" } as const;
    const y = call.add("depthwise_conv2d", [call.map(0), weights, bias], attributes);
    return call.batched(activated(call, y, window.activation));
  }
  const weights = call.add("transpose", [call.real(1)], { order: [3, 0, 1, 2] });
  const y = call.add("add", [generalConvolution(call, weights, channels, window), bias], {});
  return activated(call, y, window.activation);
};

/** A product with weights [outputs, inputs], as a convolution of a map with a pixel per row. */
const fullyConnected: TfliteImporter = (call) => {
  const { options } = call;
  if (options.int8(1) !== 0) throw call.refuse("has weights in a shuffled order");
  const activation = fusedActivation(call, 0);
  const [outputs = 0, inputs = 0, ...more] = call.input(1).shape;
  const { shape } = call.output();
  const count = elements(call.input(0).shape);
  if (more.length > 0 || inputs === 0 || count % inputs !== 0)
    throw call.refuse("has weights that do not fit");
  const rows = count / inputs;
  const padding = { top: 0, left: 0, bottom: 0, right: 0 };
  if (isQuantized(call)) {
    const { value, affine } = weightsOf(call, [outputs, 1, 1, inputs]);
    const x = call.add("reshape", [call.value(0)], { shape: [1, 1, rows, inputs] });
    const factors = factorsOf(call, affine.scale, outputs, call.dtype(0) === "u8");
    const y = call.add("fixed_conv2d", [x, value, ...biasOf(call, inputs, factors)], {
      strides: [1, 1],
      dilations: [1, 1],
      padding,
      input: call.quantized(call.input(0)),
      weightZero: affine.zero[0] ?? 0,
      factors,
      rounding: "once",
      output: call.result(activation),
    });
    return call.add("reshape", [y], { shape });
  }
  const x = call.add("reshape", [call.real(0)], { shape: [1, rows, inputs] });
  const bias = floatBias(call, outputs);
  const y = call.isKnown(1)
    ? call.add("conv2d", [x, call.real(1, [outputs, 1, 1, inputs]), bias], {
        stride: 1,
        padding,
        activation: "none",
      })
    : call.add(
        "add",
        [call.add("matmul", [x, call.add("transpose", [call.real(1)], { order: [1, 0] })], {}), bias],
        {},
      );
  return call.add("reshape", [activated(call, y, activation)], { shape });
};

export const convolutionOperators: Readonly<Record<string, TfliteImporter>> = {
  CONV_2D: convolution,
  DEPTHWISE_CONV_2D: depthwise,
  FULLY_CONNECTED: fullyConnected,
};
