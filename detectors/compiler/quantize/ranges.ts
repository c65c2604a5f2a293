/** The range of the numbers in a feature map, per channel. */
export interface ChannelRange {
  readonly lowest: Float32Array;
  readonly highest: Float32Array;
  /** undefined: unknown. */
  readonly mean?: Float32Array;
}

/** The ranges of all feature maps by name, as calibration has observed them. */
export type Ranges = ReadonlyMap<string, ChannelRange>;
