/** How large the numbers of a feature map get, channel by channel. */
export interface ChannelRange {
  readonly lowest: Float32Array;
  readonly highest: Float32Array;
  /** Their average; undefined: nobody knows. */
  readonly mean?: Float32Array;
}

/** The ranges of all feature maps by name, as somebody has seen them on real pictures. */
export type Ranges = ReadonlyMap<string, ChannelRange>;
