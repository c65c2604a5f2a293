/**
 * Convolution of quantized bytes. The input is widened to i16; a step of the micro-kernel multiplies two channels of a pixel with
 * those of four outputs (`i32x4.dot_i16x8_s`), and a tile of 4 pixels × 8 outputs stays in registers. Weights stay bytes, which are widened as they
 * are loaded. All sums are exact, so that their order does not matter.
 */

import type { ConvolutionSizes } from "../../ops/fixed-point/convolution.ts";
import {
  convolutionSizes,
  type FixedConvolutionAttributes,
  multipliersOf,
} from "../../ops/fixed-point/convolution.ts";
import { isByte, type QuantizedType } from "../../ops/fixed-point/quantized.ts";
import type { FunctionReference, Local } from "../../wasm/assembler.ts";
import type { ModuleBuilder } from "../../wasm/module.ts";
import { inputAt, type Kernel, type KernelContext, type TypeOfValue } from "../kernel.ts";
import { add, advance, copyOf, pointerTo, repeat } from "../loops.ts";
import { tensorInMemory } from "../operand.ts";
import { LOAD_8, prepareBytes, splat16, storeBytes } from "./bytes.ts";
import { channelTable, prepareChannelScaling, pushBias, TABLE_BYTES } from "./rescale.ts";
import { emitWidening, widenedInput } from "./widened-input.ts";

const TILE_PIXELS = 4;
/** Output channels of a tile. */
const BLOCK = 8;
/** Pixels of a row of an image that is one long row. */
const LONGEST_ROW = 64;

type Node = Parameters<Kernel<"fixed_conv2d">["emit"]>[0];

/** The parts of a tile that are constants in its code; networks have few different ones. */
interface Tile {
  readonly pixels: number;
  /** Output channels: 1 to 8. */
  readonly outputs: number;
  /** Distance between the windows of neighbouring pixels. */
  readonly windowBytes: number;
  readonly outputBytes: number;
  readonly weights: QuantizedType;
  readonly weightZero: number;
  readonly attributes: Pick<FixedConvolutionAttributes, "output" | "rounding">;
  readonly shiftsLeft: boolean;
}

const PARAMETERS = [
  "window",
  "output",
  "weights",
  "table",
  "tiles",
  "steps",
  "runs",
  "runPitch",
  "rows",
  "rowPitch",
] as const;

/** A function that computes `tiles` neighbouring tiles of a row. A window is rows × runs × steps, each of two channels. */
function emitTiles(module: ModuleBuilder, tile: Tile): FunctionReference {
  const { pixels, outputs, windowBytes, outputBytes, weightZero, attributes, shiftsLeft } = tile;
  const groups = Math.ceil(outputs / 4);
  return module.procedure(`fixed_conv2d ${pixels}x${outputs}`, PARAMETERS, (code, parameter) => {
    const { window, output, weights, table, tiles, steps, runs, runPitch, rows, rowPitch } = parameter;
    const scale = prepareChannelScaling(code, attributes.rounding, shiftsLeft);
    const finish = prepareBytes(code, attributes.output);
    const zero = weightZero === 0 ? undefined : splat16(code, weightZero);
    const sums = Array.from({ length: pixels }, () =>
      Array.from({ length: groups }, () => code.local("v128")),
    );
    const taps = Array.from({ length: groups }, () => code.local("v128"));
    const value = code.local("v128");
    const bytes = code.local("v128");
    const line = code.local("i32");
    const run = code.local("i32");
    const step = code.local("i32");
    const weight = code.local("i32");
    repeat(code, tiles, () => {
      for (const row of sums)
        for (const [group, sum] of row.entries()) {
          pushBias(code, table, group);
          code.set(sum);
        }
      code.get(weights).set(weight);
      code.get(window).set(line);
      repeat(code, rows, () => {
        code.get(line).set(run);
        repeat(code, runs, () => {
          code.get(run).set(step);
          repeat(code, steps, () => {
            for (const [group, tap] of taps.entries()) {
              code.get(weight).memory(LOAD_8[tile.weights], 8 * group);
              if (zero) code.get(zero).op("i16x8.sub");
              code.set(tap);
            }
            for (const [pixel, row] of sums.entries()) {
              code
                .get(step)
                .memory("v128.load32_splat", pixel * windowBytes)
                .set(value);
              for (const [group, sum] of row.entries()) {
                code
                  .get(value)
                  .get(taps[group] as Local)
                  .op("i32x4.dot_i16x8_s");
                code.get(sum).op("i32x4.add").set(sum);
              }
            }
            advance(code, weight, 8 * groups);
            advance(code, step, 4);
          });
          add(code, run, runPitch);
        });
        add(code, line, rowPitch);
      });
      for (const [pixel, [low, high]] of sums.entries()) {
        const push = (sum: Local | undefined, group: number) => () => {
          if (sum) scale(sum, table, group);
          else code.get(value);
        };
        finish(push(low, 0), push(high, 1));
        code.set(bytes);
        storeBytes(code, output, bytes, outputs, pixel * outputBytes);
      }
      advance(code, window, pixels * windowBytes);
      advance(code, output, pixels * outputBytes);
    });
  });
}

/** [outputs][height][width][channels] → [block][row][run][step][output of the block][2 channels]; missing weights are the zero. */
function packWeights(
  weights: ArrayLike<number>,
  dtype: QuantizedType,
  zero: number,
  { kernel: [height, width], input: [, , , channels], output: [, , , outputs] }: ConvolutionSizes,
  runLength: number,
): Int8Array | Uint8Array {
  const runs = (width * channels) / runLength;
  const steps = Math.ceil(runLength / 2);
  const window = height * width * channels;
  const packed: number[] = [];
  for (let first = 0; first < outputs; first += BLOCK) {
    const block = Math.ceil(Math.min(BLOCK, outputs - first) / 4) * 4;
    for (let run = 0; run < height * runs; run++) {
      for (let step = 0; step < steps; step++) {
        for (let lane = 0; lane < 2 * block; lane++) {
          const output = first + (lane >> 1);
          const within = 2 * step + (lane & 1);
          const exists = output < outputs && within < runLength;
          packed.push(exists ? (weights[output * window + run * runLength + within] ?? zero) : zero);
        }
      }
    }
  }
  return dtype === "i8" ? Int8Array.from(packed) : Uint8Array.from(packed);
}

function sizesOf({ inputs, attributes }: Node, type: TypeOfValue): ConvolutionSizes {
  return convolutionSizes(inputs.map(type), attributes, false);
}

function emit(node: Node, context: KernelContext): FunctionReference {
  const { attributes } = node;
  const sizes = sizesOf(node, context.type);
  const widened = widenedInput(sizes, attributes);
  const x = tensorInMemory(context, inputAt(node, 0));
  const y = tensorInMemory(context, node.output);
  const { dtype } = context.type(inputAt(node, 1));
  if (!isByte(dtype) || !isByte(x.dtype)) throw new Error(`${node.op} ${node.output}: expected bytes`);
  const { input, kernel, output } = sizes;
  const [batch, height, width, channels] = input;
  const [kernelHeight, kernelWidth] = kernel;
  const [, rows, columns, outputs] = output;
  const { strides, dilations, rounding, weightZero } = attributes;
  // Neighbouring pixels of the window form one run, unless there are gaps between them.
  const runLength = dilations[1] === 1 ? kernelWidth * channels : channels;
  const runs = (kernelWidth * channels) / runLength;
  const steps = Math.ceil(runLength / 2);
  const multipliers = multipliersOf(attributes);
  const bias = node.inputs[2] === undefined ? undefined : context.constant(node.inputs[2]).data;
  const tables = context.store(channelTable(multipliers, bias, rounding, outputs));
  const packed = context.store(
    packWeights(context.constant(inputAt(node, 1)).data, dtype, weightZero, sizes, runLength),
  );
  const isPointwise = kernelHeight * kernelWidth === 1 && strides[0] * strides[1] === 1 && widened.isFull;
  const longRows = Math.ceil((batch * height * width) / LONGEST_ROW);
  const pixelsOfRow = isPointwise ? Math.floor((batch * height * width) / longRows) : columns;
  const tileOf = (pixels: number, count: number): FunctionReference =>
    emitTiles(context.module, {
      pixels,
      outputs: count,
      windowBytes: strides[1] * widened.pixelBytes,
      outputBytes: outputs,
      weights: dtype,
      weightZero,
      attributes,
      shiftsLeft: multipliers.some(({ shift }) => shift > (rounding === "once" ? -1 : 0)),
    });
  const blockBytes = kernelHeight * runs * steps * 2 * BLOCK;
  /** All outputs of a row of pixels. */
  const emitRow = (pixels: number): FunctionReference =>
    context.module.procedure(
      `fixed_conv2d ${node.output} row of ${pixels}`,
      ["window", "output"],
      (code, parameter) => {
        const { window, output: to } = parameter;
        const weights = pointerTo(code, packed);
        const table = pointerTo(code, tables);
        const call = (first: number, tiles: number, size: number, count: number): void => {
          if (tiles === 0) return;
          code
            .get(window)
            .i32(first * strides[1] * widened.pixelBytes)
            .op("i32.add");
          code
            .get(to)
            .i32(first * outputs)
            .op("i32.add");
          code
            .get(weights)
            .get(table)
            .i32(tiles)
            .i32(steps)
            .i32(runs)
            .i32(dilations[1] * widened.pixelBytes);
          code
            .i32(kernelHeight)
            .i32(dilations[0] * widened.rowBytes)
            .call(tileOf(size, count));
        };
        const block = (count: number): void => {
          const whole = Math.floor(pixels / TILE_PIXELS);
          call(0, whole, TILE_PIXELS, count);
          call(whole * TILE_PIXELS, pixels % TILE_PIXELS === 0 ? 0 : 1, pixels % TILE_PIXELS, count);
        };
        repeat(code, Math.floor(outputs / BLOCK), () => {
          block(BLOCK);
          advance(code, weights, blockBytes);
          advance(code, table, 2 * TABLE_BYTES);
          advance(code, to, BLOCK);
        });
        if (outputs % BLOCK > 0) block(outputs % BLOCK);
      },
    );
  const scratch = context.scratch(node.output);
  return context.module.function(`fixed_conv2d ${node.output}`, [], [], (code) => {
    emitWidening(code, x.address, scratch, x.dtype as QuantizedType, sizes, attributes, widened);
    const to = pointerTo(code, y.address);
    const window = pointerTo(code, scratch);
    const runRows = (count: number, pixels: number, pitch: number): void => {
      if (count === 0 || pixels === 0) return;
      const row = emitRow(pixels);
      repeat(code, count, () => {
        code.get(window).get(to).call(row);
        advance(code, window, pitch);
        advance(code, to, pixels * outputs);
      });
    };
    if (isPointwise) {
      runRows(longRows, pixelsOfRow, pixelsOfRow * widened.pixelBytes);
      runRows(1, batch * height * width - longRows * pixelsOfRow, 0);
      return;
    }
    const image = copyOf(code, window);
    repeat(code, batch, () => {
      code.get(image).set(window);
      runRows(rows, columns, strides[0] * widened.rowBytes);
      advance(code, image, widened.imageBytes);
    });
  });
}

/** Quantized convolution, with the widened input as working memory. */
export const fixedConv2dKernel: Kernel<"fixed_conv2d"> = {
  emit,
  scratchBytes: (node, type) => widenedInput(sizesOf(node, type), node.attributes).bytes,
  describe: (node, type) => `dot ${type(inputAt(node, 0)).dtype}`,
};
