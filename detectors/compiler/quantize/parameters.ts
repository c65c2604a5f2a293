/** Chooses type, scales and zero points of a feature map. */

import type { Affine, StoredInteger } from "../graph/value.ts";
import type { Activation } from "../ops/activation.ts";
import { SILU_MINIMUM } from "../ops/activation.ts";
import { STORED_RANGE } from "../ops/quantized-conv2d.ts";
import type { ChannelRange } from "./ranges.ts";

export interface QuantizationParameters extends Affine {
  readonly dtype: StoredInteger;
  /** The average real number of each channel; 0 where it is unknown. */
  readonly mean: Float32Array;
}

/**
 * An i16 has room to spare: images may exceed the calibrated range three times before numbers saturate. Saturation costs
 * detections, whereas going from 14 to 12 bits changes none.
 */
const I16_HEADROOM = 3;
/** 127 steps leave little room: a tenth. */
const U7_HEADROOM = 1.1;

/** 16-bit numbers: one scale for all channels, zero point 0. */
export function i16Parameters({ lowest, highest, mean }: ChannelRange): QuantizationParameters {
  const widest = Math.max(reach(highest), reach(lowest), Number.MIN_VALUE);
  const [, most] = STORED_RANGE.i16;
  return {
    dtype: "i16",
    scale: new Float32Array(highest.length).fill((widest * I16_HEADROOM) / most),
    zero: new Float32Array(highest.length),
    mean: mean ?? new Float32Array(highest.length),
  };
}

/** A feature map that is stored in 7 bits. */
export interface U7Map {
  readonly range: ChannelRange;
  readonly activation: Activation;
  readonly hasResidual: boolean;
  /** Pixels of the input per cell. */
  readonly stride: number;
}

/**
 * 7-bit numbers: the range of every channel is taken between the channel's own range and that of the whole map. On coarse
 * maps a channel stands for a kind of object, and kinds that calibration has not seen must not saturate: there the range of
 * the whole map counts. (Measured on YOLOv5n: agreement of detections 0.97 with one range for all channels, 0.99 like this.)
 */
export function u7Parameters({ range, activation, hasResidual, stride }: U7Map): QuantizationParameters {
  const { lowest, highest, mean } = range;
  const ownShare = stride <= 8 ? 1 / 2 : stride <= 16 ? 1 / 4 : 0;
  const reaches = (ends: Float32Array): Float32Array => {
    const widest = reach(ends);
    return ends.map((end) => {
      const share = widest === 0 ? 0 : Math.abs(end) / widest;
      return widest * Math.max(share, 1e-3) ** ownShare * U7_HEADROOM;
    });
  };
  const above = reaches(highest);
  const below =
    activation === "silu" && !hasResidual
      ? highest.map(() => -SILU_MINIMUM)
      : reaches(lowest).map((end) => (activation === "silu" ? Math.max(end, -SILU_MINIMUM) : end));
  const [, most] = STORED_RANGE.u7;
  const scale = above.map((end, channel) => Math.max(end + (below[channel] ?? 0), Number.MIN_VALUE) / most);
  return {
    dtype: "u7",
    scale,
    zero: below.map((end, channel) => Math.round(end / (scale[channel] ?? 1))),
    mean: mean ?? new Float32Array(highest.length),
  };
}

/** The parameters of a concatenation of feature maps. */
export function concatParameters(parts: readonly QuantizationParameters[]): QuantizationParameters {
  const join = (of: (part: QuantizationParameters) => Float32Array) =>
    Float32Array.from(parts.flatMap((part) => [...of(part)]));
  return {
    dtype: parts[0]?.dtype ?? "i16",
    scale: join(({ scale }) => scale),
    zero: join(({ zero }) => zero),
    mean: join(({ mean }) => mean),
  };
}

/** The largest absolute value. */
function reach(ends: Float32Array): number {
  return ends.reduce((most, end) => Math.max(most, Math.abs(end)), 0);
}
