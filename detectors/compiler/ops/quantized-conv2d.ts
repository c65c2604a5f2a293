import { type Affine, type StoredInteger, sameNumbers, type Tensor, type ValueType } from "../graph/value.ts";
import { activate, coarseSilu } from "./activation.ts";
import { CONVOLUTION_FACTS, type ConvolutionAttributes, convolutionShape, convolve } from "./conv2d.ts";
import { FLOAT_MAP_FACTS, type OperatorDefinition } from "./operator.ts";
import { elements, mapSize, ShapeError, STORED_TYPES, tensorAt } from "./shapes.ts";
import type { Padding } from "./window.ts";

/** How the integers of a convolution map to real numbers. */
export interface ConvolutionQuantization {
  /** Accuracy of SiLU: within 3e-5, or within 2.4e-3 in half the time, which needs relaxed SIMD. */
  readonly silu: "fine" | "coarse";
  /** Zero points of x per channel, with which padding is filled. undefined: 0. */
  readonly inputZero: Float32Array | undefined;
  /** The real value of an accumulator of 1, per output channel. */
  readonly multiplier: Float32Array;
  /** Unused without a residual. */
  readonly residual: Affine | undefined;
  /** undefined: the output is f32. */
  readonly output: (Affine & { readonly dtype: StoredInteger }) | undefined;
}

export interface QuantizedConvolutionAttributes extends ConvolutionAttributes {
  readonly quantization: ConvolutionQuantization;
}

/** The range of each integer type: numbers beyond it saturate. */
export const STORED_RANGE: Readonly<Record<StoredInteger, readonly [least: number, most: number]>> = {
  i16: [-16_383, 16_383],
  u7: [0, 127],
};

function infer(inputs: readonly ValueType[], attributes: QuantizedConvolutionAttributes): ValueType {
  const shape = convolutionShape(inputs, attributes, ["u8", ...STORED_TYPES], STORED_TYPES);
  const { inputZero, multiplier, residual, output } = attributes.quantization;
  const [, , outputs = 0] = shape;
  const expectCount = (name: string, factors: Float32Array | undefined, expected: number): void => {
    if (factors === undefined || factors.length === expected) return;
    throw new ShapeError(`${name}: expected ${expected} factors, received ${factors.length}`);
  };
  expectCount("inputZero", inputZero, inputs[0]?.shape[2] ?? 0);
  expectCount("multiplier", multiplier, outputs);
  for (const [name, affine] of Object.entries({ residual, output })) {
    expectCount(`${name}.scale`, affine?.scale, outputs);
    expectCount(`${name}.zero`, affine?.zero, outputs);
  }
  if (inputs[3] !== undefined && residual === undefined) {
    throw new ShapeError("residual: expected scale and zero point, received nothing");
  }
  expectReal("inputZero", inputs[0], { zero: inputZero ?? new Float32Array(inputs[0]?.shape[2] ?? 0) });
  if (residual !== undefined) expectReal("residual", inputs[3], residual);
  if (output === undefined) return { dtype: "f32", shape };
  return { dtype: output.dtype, shape, affine: { scale: output.scale, zero: output.zero } };
}

/** @throws ShapeError unless an integer map has been written with the scale and zero point with which it is read here. */
function expectReal(name: string, type: ValueType | undefined, expected: Partial<Affine>): void {
  if (type === undefined || type.dtype === "f32" || type.dtype === "u8") return;
  const { affine } = type;
  if (affine === undefined) throw new ShapeError(`${name}: the map has no scale and zero point`);
  for (const part of ["scale", "zero"] as const) {
    const numbers = expected[part];
    if (numbers === undefined || sameNumbers(affine[part], numbers)) continue;
    throw new ShapeError(`${name}: the map has another ${part} than it is read with`);
  }
}

function reference(inputs: readonly Tensor[], attributes: QuantizedConvolutionAttributes): Tensor {
  const { activation, padding, stride, quantization } = attributes;
  const { silu, inputZero, multiplier, residual, output } = quantization;
  const activated = (x: number): number =>
    activation === "silu" && silu === "coarse" ? coarseSilu(x) : activate(activation, x);
  const bias = inputs[2]?.data;
  const added = inputs[3]?.data;
  const noPadding = { top: 0, left: 0, bottom: 0, right: 0 };
  return convolve(
    padded(tensorAt(inputs, 0), padding, inputZero),
    tensorAt(inputs, 1),
    { stride, padding: noPadding },
    () => 0,
    (sum, channel, at) => {
      const one = (factors: Float32Array | undefined): number => factors?.[channel] ?? 0;
      const value = activated(sum * one(multiplier) + (bias?.[channel] ?? 0));
      const real =
        added === undefined ? value : value + ((added[at] ?? 0) - one(residual?.zero)) * one(residual?.scale);
      if (output === undefined) return real;
      const [least, most] = STORED_RANGE[output.dtype];
      return Math.max(least, Math.min(most, Math.round(real / one(output.scale) + one(output.zero))));
    },
  );
}

/** A feature map with its padding. */
function padded(x: Tensor, { top, left, bottom, right }: Padding, zero: Float32Array | undefined): Tensor {
  const [height, width, channels] = mapSize(x);
  const shape = [top + height + bottom, left + width + right, channels];
  const [, paddedWidth = 0] = shape;
  const data = Float32Array.from({ length: elements(shape) }, (_, at) => zero?.[at % channels] ?? 0);
  for (let row = 0; row < height; row++) {
    const line = x.data.subarray(row * width * channels, (row + 1) * width * channels);
    data.set(line, ((top + row) * paddedWidth + left) * channels);
  }
  return { shape, data };
}

/**
 * conv2d on integers, made by `quantize`: ONNX QLinearConv-10, with scales per channel for inputs and outputs, and with
 * activation and residual fused in f32 (Jacob et al. 2018, arXiv:1712.05877, section 2). Inputs as in conv2d, weights are
 * integers where x is. r = activation(conv(x) · multiplier + bias) + real(residual); y = r, quantized where `output` is given.
 */
export const quantizedConv2d: OperatorDefinition<QuantizedConvolutionAttributes> = {
  ...FLOAT_MAP_FACTS,
  ...CONVOLUTION_FACTS,
  infer,
  reference,
  integers: { inputs: (count) => Array.from({ length: count }, (_, index) => index), makesMap: true },
  border: ({ padding, quantization }) => ({ padding, zero: quantization.inputZero }),
};
