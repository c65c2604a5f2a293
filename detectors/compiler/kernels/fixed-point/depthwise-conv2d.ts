/**
 * Depthwise convolution of quantized bytes: a tile is 4 neighbouring pixels × 8 channels of the input widened to i16. An input
 * vector is loaded once per kernel row for all pixels whose windows contain it.
 */
import { type ConvolutionSizes, convolutionSizes, multipliersOf } from "../../ops/fixed-point/convolution.ts";
import { isByte, type QuantizedType } from "../../ops/fixed-point/quantized.ts";
import type { FunctionReference, Local } from "../../wasm/assembler.ts";
import { inputAt, type Kernel, type KernelContext, type TypeOfValue } from "../kernel.ts";
import { advance, copyOf, pointerTo, repeat } from "../loops.ts";
import { tensorInMemory } from "../operand.ts";
import { LOAD_8, prepareBytes, splat16, storeBytes } from "./bytes.ts";
import { channelTable, prepareChannelScaling, pushBias, TABLE_BYTES } from "./rescale.ts";
import { emitWidening, widenedInput } from "./widened-input.ts";

const TILE_PIXELS = 4;
/** Channels of a vector of i16. */
const BLOCK = 8;

type Node = Parameters<Kernel<"fixed_depthwise_conv2d">["emit"]>[0];

function sizesOf({ inputs, attributes }: Node, type: TypeOfValue): ConvolutionSizes {
  return convolutionSizes(inputs.map(type), attributes, true);
}

/** [taps][channels] → [block][taps][8]; missing channels are zeros. */
function packWeights(weights: ArrayLike<number>, taps: number, channels: number): number[] {
  const packed: number[] = [];
  for (let first = 0; first < channels; first += BLOCK) {
    for (let tap = 0; tap < taps; tap++) {
      for (let channel = first; channel < first + BLOCK; channel++) {
        packed.push(channel < channels ? (weights[tap * channels + channel] ?? 0) : 0);
      }
    }
  }
  return packed;
}

function emit(node: Node, context: KernelContext): FunctionReference {
  const { attributes } = node;
  const { strides, dilations, rounding, weightZero } = attributes;
  const sizes = sizesOf(node, context.type);
  const widened = widenedInput(sizes, attributes);
  const x = tensorInMemory(context, inputAt(node, 0));
  const y = tensorInMemory(context, node.output);
  const { dtype } = context.type(inputAt(node, 1));
  if (!isByte(dtype) || !isByte(x.dtype)) throw new Error(`${node.op} ${node.output}: expected bytes`);
  const inputType: QuantizedType = x.dtype;
  const [kernelHeight, kernelWidth] = sizes.kernel;
  const [batch, rows, columns, channels] = sizes.output;
  const multipliers = multipliersOf(attributes);
  const bias = node.inputs[2] === undefined ? undefined : context.constant(node.inputs[2]).data;
  const tables = context.store(channelTable(multipliers, bias, rounding, channels));
  const taps = kernelHeight * kernelWidth;
  const numbers = packWeights(context.constant(inputAt(node, 1)).data, taps, channels);
  const packed = context.store(dtype === "i8" ? Int8Array.from(numbers) : Uint8Array.from(numbers));
  const windowBytes = strides[1] * widened.pixelBytes;
  const shiftsLeft = multipliers.some(({ shift }) => shift > (rounding === "once" ? -1 : 0));

  /** `tiles` neighbouring tiles of `pixels` pixels × `count` channels. */
  const tilesOf = (pixels: number, count: number): FunctionReference =>
    context.module.procedure(
      `fixed_depthwise_conv2d ${pixels}x${count}`,
      ["window", "output", "weights", "table", "tiles"],
      (code, { window, output, weights, table, tiles }) => {
        const scale = prepareChannelScaling(code, rounding, shiftsLeft);
        const finish = prepareBytes(code, attributes.output);
        const zero = weightZero === 0 ? undefined : splat16(code, weightZero);
        const sums = Array.from({ length: pixels }, () => [code.local("v128"), code.local("v128")] as const);
        const tapLocals = Array.from({ length: kernelWidth }, () => code.local("v128"));
        const value = code.local("v128");
        const line = code.local("i32");
        const weight = code.local("i32");
        const accumulate = (sum: Local, half: "low" | "high", tap: Local): void => {
          code.get(value).get(tap).op(`i32x4.extmul_${half}_i16x8_s`).get(sum).op("i32x4.add").set(sum);
        };
        repeat(code, tiles, () => {
          for (const pair of sums) {
            for (const [group, sum] of pair.entries()) {
              pushBias(code, table, group);
              code.set(sum);
            }
          }
          code.get(weights).set(weight);
          code.get(window).set(line);
          repeat(code, kernelHeight, () => {
            for (const [index, tap] of tapLocals.entries()) {
              code.get(weight).memory(LOAD_8[dtype], BLOCK * index);
              if (zero) code.get(zero).op("i16x8.sub");
              code.set(tap);
            }
            const reach = (pixels - 1) * strides[1] + (kernelWidth - 1) * dilations[1];
            for (let column = 0; column <= reach; column++) {
              const users = sums.flatMap((pair, pixel) => {
                const tap = tapLocals[(column - pixel * strides[1]) / dilations[1]];
                return tap === undefined ? [] : [{ pair, tap }];
              });
              if (users.length === 0) continue;
              code
                .get(line)
                .memory("v128.load", column * widened.pixelBytes)
                .set(value);
              for (const { pair, tap } of users) {
                accumulate(pair[0], "low", tap);
                accumulate(pair[1], "high", tap);
              }
            }
            advance(code, weight, BLOCK * kernelWidth);
            advance(code, line, dilations[0] * widened.rowBytes);
          });
          for (const [pixel, [low, high]] of sums.entries()) {
            finish(
              () => scale(low, table, 0),
              () => scale(high, table, 1),
            );
            code.set(value);
            storeBytes(code, output, value, count, pixel * channels);
          }
          advance(code, window, pixels * windowBytes);
          advance(code, output, pixels * channels);
        });
      },
    );
  const row = context.module.procedure(
    `fixed_depthwise_conv2d ${node.output} row`,
    ["window", "output"],
    (code, { window, output }) => {
      const weights = pointerTo(code, packed);
      const table = pointerTo(code, tables);
      const whole = Math.floor(columns / TILE_PIXELS);
      const call = (first: number, tiles: number, pixels: number, count: number): void => {
        if (tiles === 0 || pixels === 0) return;
        code
          .get(window)
          .i32(first * windowBytes)
          .op("i32.add");
        code
          .get(output)
          .i32(first * channels)
          .op("i32.add");
        code.get(weights).get(table).i32(tiles).call(tilesOf(pixels, count));
      };
      const block = (count: number): void => {
        call(0, whole, TILE_PIXELS, count);
        call(whole * TILE_PIXELS, 1, columns % TILE_PIXELS, count);
      };
      repeat(code, Math.floor(channels / BLOCK), () => {
        block(BLOCK);
        advance(code, weights, taps * BLOCK);
        advance(code, table, 2 * TABLE_BYTES);
        advance(code, window, 16);
        advance(code, output, BLOCK);
      });
      if (channels % BLOCK > 0) block(channels % BLOCK);
    },
  );
  const scratch = context.scratch(node.output);
  return context.module.function(`fixed_depthwise_conv2d ${node.output}`, [], [], (code) => {
    emitWidening(code, x.address, scratch, inputType, sizes, attributes, widened);
    const to = pointerTo(code, y.address);
    const image = pointerTo(code, scratch);
    repeat(code, batch, () => {
      const window = copyOf(code, image);
      repeat(code, rows, () => {
        code.get(window).get(to).call(row);
        advance(code, window, strides[0] * widened.rowBytes);
        advance(code, to, columns * channels);
      });
      advance(code, image, widened.imageBytes);
    });
  });
}

/** Quantized depthwise convolution, with the widened input as working memory. */
export const fixedDepthwiseConv2dKernel: Kernel<"fixed_depthwise_conv2d"> = {
  emit,
  scratchBytes: (node, type) => widenedInput(sizesOf(node, type), node.attributes).bytes,
  describe: (node, type) => type(inputAt(node, 0)).dtype,
};
