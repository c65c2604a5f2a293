/** Quantizes the weights of a convolution. */
import { ARRAYS, type FloatConstant, type IntegerConstant, type StoredInteger } from "../graph/value.ts";
import { STORED_RANGE } from "../ops/quantized-conv2d.ts";
import type { QuantizationParameters } from "./parameters.ts";

export interface QuantizedWeights {
  /** Integers. */
  readonly weights: IntegerConstant;
  /** The real value of an accumulator of 1, per output channel. */
  readonly multiplier: Float32Array;
  /** Corrects the bias for the input's zero points and for the average error of rounding the weights, per output channel. */
  readonly biasShift: Float32Array;
}

const MAX_WEIGHT: Readonly<Record<StoredInteger, number>> = { i16: 32_767, u7: 127 };

/** The type of the weights for each type of feature map. */
const WEIGHT_TYPES = { i16: "i16", u7: "i8" } as const;

/**
 * Weights as integers with a scale per output channel; the scales of the input channels are folded in. No accumulator
 * overflows an i32, whatever the input holds: Σ|w| · largest input < 2³¹.
 *
 * The rounding error of a filter is known for the average input, and corrects the bias (Nagel et al. 2019, "Data-Free
 * Quantization Through Weight Equalization and Bias Correction", arXiv:1906.04721, section 4.2).
 */
export function quantizeWeights(
  { shape, data }: FloatConstant,
  input: QuantizationParameters,
): QuantizedWeights {
  const [outputs = 0] = shape;
  const taps = data.length / outputs;
  const channels = input.scale.length;
  const weightType = WEIGHT_TYPES[input.dtype];
  const quantized = new ARRAYS[weightType](data.length);
  const multiplier = new Float32Array(outputs);
  const biasShift = new Float32Array(outputs);
  // Rounding adds at most a half to each weight.
  const sumLimit = (2 ** 31 - 1) / STORED_RANGE[input.dtype][1] - taps / 2;
  for (let output = 0; output < outputs; output++) {
    const weights = data.subarray(output * taps, (output + 1) * taps);
    const scaled = weights.map((weight, tap) => weight * (input.scale[tap % channels] ?? 0));
    const largest = scaled.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
    const sum = scaled.reduce((total, weight) => total + Math.abs(weight), 0);
    const step = Math.max(largest / MAX_WEIGHT[input.dtype], sum / sumLimit, Number.MIN_VALUE);
    let shift = 0;
    for (const [tap, weight] of scaled.entries()) {
      const channel = tap % channels;
      const rounded = Math.round(weight / step);
      quantized[output * taps + tap] = rounded;
      const error = (weights[tap] ?? 0) - (rounded * step) / (input.scale[channel] ?? 1);
      shift += error * (input.mean[channel] ?? 0) - rounded * step * (input.zero[channel] ?? 0);
    }
    multiplier[output] = step;
    biasShift[output] = shift;
  }
  return { weights: { dtype: weightType, shape, data: quantized }, multiplier, biasShift };
}
