/** Packs weights in the order in which convolutions read them: the weights of one step are contiguous. */
import type { PackedProduct } from "../constant-area.ts";
import type { Constant, DType, Tensor } from "../graph/value.ts";

/**
 * [outputs][kh][kw][channels] → [block][kh][kw][step][lane][channel of the step], in the type of x; missing
 * channels are zeros.
 */
export function packWeights(
  { shape, data }: Tensor,
  firstOutput: number,
  blocks: number,
  lanes: number,
  stepChannels: number,
  dtype: DType,
): Float32Array | Int16Array | Int8Array {
  const [outputs = 1, kernelHeight = 1, kernelWidth = 1, channels = 1] = shape;
  const taps = kernelHeight * kernelWidth;
  const steps = Math.ceil(channels / stepChannels);
  const length = blocks * taps * steps * lanes * stepChannels;
  const packed = weightArray(dtype, length);
  for (let block = 0; block < blocks; block++) {
    for (let lane = 0; lane < lanes; lane++) {
      const output = firstOutput + block * lanes + lane;
      if (output >= outputs) break;
      for (let tap = 0; tap < taps; tap++) {
        for (let channel = 0; channel < channels; channel++) {
          const step = (block * taps + tap) * steps + Math.floor(channel / stepChannels);
          packed[(step * lanes + lane) * stepChannels + (channel % stepChannels)] =
            data[(output * taps + tap) * channels + channel] ?? 0;
        }
      }
    }
  }
  return packed;
}

/** Zero weights for a feature map of this type. */
function weightArray(dtype: DType, length: number): Float32Array | Int16Array | Int8Array {
  if (dtype === "i16") return new Int16Array(length);
  return dtype === "u7" ? new Int8Array(length) : new Float32Array(length);
}

/** The same for weights that are products. */
export function packProduct(
  weights: Constant,
  firstOutput: number,
  blocks: number,
  lanes: number,
): PackedProduct | undefined {
  if (weights.dtype !== "f32" || weights.product === undefined) return undefined;
  const { shape, product } = weights;
  const numbers = { shape, data: product.numbers };
  return {
    numbers: Float32Array.from(packWeights(numbers, firstOutput, blocks, lanes, 1, "f32")),
    factors: packBias(product.perOutput, firstOutput, blocks * lanes),
    lanes,
  };
}

/** Biases of `lanes` channels from `firstOutput` on; missing ones are zeros. */
export function packBias(bias: Float32Array | undefined, firstOutput: number, lanes: number): Float32Array {
  const packed = new Float32Array(lanes);
  if (bias !== undefined) packed.set(bias.subarray(firstOutput, firstOutput + lanes));
  return packed;
}
