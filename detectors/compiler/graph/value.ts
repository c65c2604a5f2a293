/** Values of a graph: their types, and numbers known at compile time. */

/**
 * [height, width, channels] of a feature map; [outputChannels, kernelHeight, kernelWidth, inputChannels] of weights;
 * [channels] of a bias.
 */
export type Shape = readonly number[];

/** Integer types of feature maps: i16 within ±16383; u7, a byte from 0 to 127. */
export type StoredInteger = "i16" | "u7";

/** Only the input is u8. The nodes that write and read an integer map know its scale and zero point. */
export type DType = "u8" | "f32" | StoredInteger;

export interface ValueType {
  readonly shape: Shape;
  readonly dtype: DType;
}

/** A value with its numbers: NHWC with batch 1, row-major. Only the input image is bytes. */
export interface Tensor {
  readonly shape: Shape;
  readonly data: Float32Array | Uint8Array;
}

/** A value known at compile time. */
export interface Constant {
  readonly shape: Shape;
  readonly data: Float32Array;
  /** The same numbers as a product, which may take fewer bytes in the module. */
  readonly product?: WeightProduct | undefined;
}

/** Weights as in the model file, and a factor per output channel, for example of a batch norm. */
export interface WeightProduct {
  readonly numbers: Float32Array;
  readonly perOutput: Float32Array;
}

/** The real values of stored numbers, per channel: real = (stored − zero) · scale. */
export interface Affine {
  readonly scale: Float32Array;
  readonly zero: Float32Array;
}
