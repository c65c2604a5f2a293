import type { Constant } from "../graph/graph.ts";
import { I16_MAX } from "../ops/quantized-conv2d.ts";
import type { ChannelRange } from "./ranges.ts";

/**
 * The largest number of a stored feature map: 14 bits and a sign leave 17 for the sum of a filter's absolute weights, 9 to
 * 12 for each. From 12 to 14 bits no detection changes; what changes detections is numbers cut off.
 */
export const ACTIVATION_MAX = 16_383;

/** Room above what was seen: other pictures go further, and what is cut off hurts more than a coarser step. */
const HEADROOM = 2;

/** No channel is stored more finely than this share of the widest one: one that was never seen alive may wake up. */
const LEAST_SHARE = 1;

/** What 1 stands for in each channel of a feature map of this range. */
export function activationScale({ lowest, highest }: ChannelRange): Float32Array {
  const reach = highest.map((high, channel) => Math.max(high, -(lowest[channel] ?? 0)));
  const widest = reach.reduce((most, one) => Math.max(most, one), 1e-6);
  return reach.map((one) => (Math.max(one, widest * LEAST_SHARE) * HEADROOM) / ACTIVATION_MAX);
}

export interface WholeWeights {
  /** Whole numbers, at most I16_MAX. */
  readonly weights: Constant;
  /** What one of the sums stands for, per output. */
  readonly multiplier: Float32Array;
}

/**
 * Weights as whole numbers, one factor per output channel, the factors of the input channels taken in. Whatever numbers up to
 * ACTIVATION_MAX they meet, no sum leaves an i32: Σ|w| · ACTIVATION_MAX < 2³¹.
 */
export function quantizeWeights({ shape, data }: Constant, inputScale: Float32Array): WholeWeights {
  const [outputs = 0] = shape;
  const taps = data.length / outputs;
  const channels = inputScale.length;
  const whole = new Float32Array(data.length);
  const multiplier = new Float32Array(outputs);
  for (let output = 0; output < outputs; output++) {
    const scaled = data
      .subarray(output * taps, (output + 1) * taps)
      .map((weight, tap) => weight * (inputScale[tap % channels] ?? 0));
    const largest = scaled.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
    const sum = scaled.reduce((total, weight) => total + Math.abs(weight), 0);
    // Rounding adds at most a half to each of the weights.
    const sumLimit = (2 ** 31 - 1) / ACTIVATION_MAX - taps / 2;
    const step = Math.max(largest / I16_MAX, sum / sumLimit, Number.MIN_VALUE);
    multiplier[output] = step;
    whole.set(
      scaled.map((weight) => Math.round(weight / step)),
      output * taps,
    );
  }
  return { weights: { shape, data: whole }, multiplier };
}
