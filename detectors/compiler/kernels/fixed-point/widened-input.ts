/**
 * The input of a convolution of bytes as i16 without its zero point, with its padding: there a product of i16 needs no
 * correction, and padding is 0.
 */
import type { ConvolutionSizes, FixedConvolutionAttributes } from "../../ops/fixed-point/convolution.ts";
import type { QuantizedType } from "../../ops/fixed-point/quantized.ts";
import type { Assembler } from "../../wasm/assembler.ts";
import { advance, copyOf, pointerTo, repeat } from "../loops.ts";
import { LOAD_1, LOAD_8, splat16 } from "./bytes.ts";

const I16 = 2;
/** Vectors may be read behind the last pixel, where weights are 0. */
const SLACK_BYTES = 64;

/** Where the pixels of a widened input lie. */
export interface WidenedInput {
  /** Channels of a pixel: for depthwise convolutions repeated, and whole vectors. */
  readonly channels: number;
  readonly pixelBytes: number;
  readonly rowBytes: number;
  readonly imageBytes: number;
  readonly bytes: number;
  /** Whether every byte of it has a source. */
  readonly isFull: boolean;
}

/** The layout of a convolution's widened input. */
export function widenedInput(
  { input, output, isDepthwise }: ConvolutionSizes,
  { padding }: FixedConvolutionAttributes,
): WidenedInput {
  const [batch, height, width, inputChannels] = input;
  const channels = isDepthwise ? Math.ceil(output[3] / 8) * 8 : inputChannels;
  const { top, left, bottom, right } = padding;
  const pixelBytes = channels * I16;
  const rowBytes = (left + width + right) * pixelBytes;
  const imageBytes = (top + height + bottom) * rowBytes;
  const isFull = channels === inputChannels && top + left + bottom + right === 0;
  return { channels, pixelBytes, rowBytes, imageBytes, bytes: batch * imageBytes + SLACK_BYTES, isFull };
}

/** Emits the conversion from bytes at `from` to i16 at `to`. */
export function emitWidening(
  code: Assembler,
  from: number,
  to: number,
  dtype: QuantizedType,
  { input, output, isDepthwise }: ConvolutionSizes,
  { padding, input: { zero } }: FixedConvolutionAttributes,
  { channels, pixelBytes, rowBytes, imageBytes, bytes, isFull }: WidenedInput,
): void {
  const [batch, height, width, inputChannels] = input;
  const offset = splat16(code, zero);
  const source = pointerTo(code, from);
  const target = pointerTo(code, to);
  /** `count` numbers, each written `times` times. */
  const convert = (count: number, times: number): void => {
    if (times === 1) {
      repeat(code, Math.floor(count / 8), () => {
        code.get(target).get(source).memory(LOAD_8[dtype]).get(offset).op("i16x8.sub").memory("v128.store");
        advance(code, source, 8);
        advance(code, target, 8 * I16);
      });
    }
    repeat(code, times === 1 ? count % 8 : count, () => {
      const value = code.local("i32");
      code.get(source).memory(LOAD_1[dtype]).i32(zero).op("i32.sub").set(value);
      for (let copy = 0; copy < times; copy++)
        code
          .get(target)
          .get(value)
          .memory("i32.store16", copy * I16);
      advance(code, source, 1);
      advance(code, target, times * I16);
    });
  };
  if (isFull) {
    convert(batch * height * width * channels, 1);
    return;
  }
  code.get(target).i32(0).i32(bytes).memoryFill();
  const times = isDepthwise ? output[3] / inputChannels : 1;
  const gap = (channels - inputChannels * times) * I16;
  const row = pointerTo(code, to + padding.top * rowBytes + padding.left * pixelBytes);
  repeat(code, batch, () => {
    const line = copyOf(code, row);
    repeat(code, height, () => {
      code.get(line).set(target);
      if (gap === 0) convert(width * inputChannels, times);
      else {
        repeat(code, width, () => {
          convert(inputChannels, times);
          advance(code, target, gap);
        });
      }
      advance(code, line, rowBytes);
    });
    advance(code, row, imageBytes);
  });
}
