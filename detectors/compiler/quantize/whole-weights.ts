/** A convolution's weights as whole numbers. */
import type { Constant, StoredInteger } from "../graph/graph.ts";
import { STORED_RANGE } from "../ops/quantized-conv2d.ts";
import type { Stored } from "./stored.ts";

export interface WholeWeights {
  /** Whole numbers. */
  readonly weights: Constant;
  /** What one of the sums stands for, per output. */
  readonly multiplier: Float32Array;
  /** What the input's zero points and the rounding of the weights have changed on average, per output: the bias takes it back. */
  readonly biasShift: Float32Array;
}

const LARGEST_WEIGHT: Readonly<Record<StoredInteger, number>> = { i16: 32_767, u7: 127 };

/**
 * Weights as whole numbers, one factor per output channel, the factors of the input channels taken in. Whatever an input may
 * hold, no sum leaves an i32: Σ|w| · largest input < 2³¹.
 *
 * What rounding changes is not random over a filter: for the average input it is known, and goes into the bias (Nagel et al.
 * 2019, "Data-Free Quantization Through Weight Equalization and Bias Correction", arXiv:1906.04721, section 4.2).
 */
export function wholeWeights({ shape, data }: Constant, input: Stored): WholeWeights {
  const [outputs = 0] = shape;
  const taps = data.length / outputs;
  const channels = input.scale.length;
  const whole = new Float32Array(data.length);
  const multiplier = new Float32Array(outputs);
  const biasShift = new Float32Array(outputs);
  // Rounding adds at most a half to each of the weights.
  const sumLimit = (2 ** 31 - 1) / STORED_RANGE[input.dtype][1] - taps / 2;
  for (let output = 0; output < outputs; output++) {
    const weights = data.subarray(output * taps, (output + 1) * taps);
    const scaled = weights.map((weight, tap) => weight * (input.scale[tap % channels] ?? 0));
    const largest = scaled.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
    const sum = scaled.reduce((total, weight) => total + Math.abs(weight), 0);
    const step = Math.max(largest / LARGEST_WEIGHT[input.dtype], sum / sumLimit, Number.MIN_VALUE);
    let shift = 0;
    for (const [tap, weight] of scaled.entries()) {
      const channel = tap % channels;
      const rounded = Math.round(weight / step);
      whole[output * taps + tap] = rounded;
      const error = (weights[tap] ?? 0) - (rounded * step) / (input.scale[channel] ?? 1);
      shift += error * (input.mean[channel] ?? 0) - rounded * step * (input.zero[channel] ?? 0);
    }
    multiplier[output] = step;
    biasShift[output] = shift;
  }
  return { weights: { shape, data: whole }, multiplier, biasShift };
}
