/**
 * Depthwise convolution on NHWC: a vector holds four channels, each with its own kernel, so a tap is one product. A tile is 4
 * neighbouring pixels × 1 vector: their windows overlap, so that a kernel row of k taps at stride s loads 3·s + k input
 * vectors for 4·k products.
 */
import type { FunctionReference, Local } from "../wasm/assembler.ts";
import { prepareActivation } from "./activation.ts";
import { type EmitKernel, inputAt, vectorsOf } from "./kernel.ts";
import { advance, copyOf, pointerTo, repeat } from "./loops.ts";
import { multiplyAdd } from "./multiply-add.ts";

const TILE_PIXELS = 4;

export const emitDepthwiseConv2d: EmitKernel<"depthwise_conv2d"> = (node, context) => {
  const x = context.map(inputAt(node, 0));
  const y = context.map(node.output);
  const { shape, data } = context.floats(inputAt(node, 1));
  const [kernelHeight = 1, kernelWidth = 1] = shape;
  const { stride, padding, activation } = node.attributes;
  const vectors = vectorsOf(y);
  const biasName = node.inputs[2];
  const bias = biasName === undefined ? undefined : context.floats(biasName).data;
  const weightVectors = context.store(packWeights(data, bias, kernelHeight * kernelWidth, y.channels));

  /** (window, output): one row of the output. A separate function, so that engines optimise it early. */
  const row: FunctionReference = context.module.function(
    `depthwise_conv2d ${node.output} row`,
    ["i32", "i32"],
    [],
    (code, window, output) => {
      if (!window || !output) throw new Error("a row function has two parameters");
      const activate = prepareActivation(code, activation, context.target);
      const weights = code.local("i32");
      const taps = Array.from({ length: kernelWidth }, () => code.local("v128"));
      const accumulators = Array.from({ length: TILE_PIXELS }, () => code.local("v128"));
      const value = code.local("v128");

      const emitTile = (pixels: number): void => {
        const tile = accumulators.slice(0, pixels);
        const input = copyOf(code, window);
        for (const sum of tile) code.get(weights).memory("v128.load").set(sum);
        advance(code, weights, 16);
        repeat(code, kernelHeight, () => {
          for (const [kx, tap] of taps.entries()) {
            code
              .get(weights)
              .memory("v128.load", 16 * kx)
              .set(tap);
          }
          for (let column = 0; column < (pixels - 1) * stride + kernelWidth; column++) {
            const users = usersOf(column, tile, taps, stride);
            if (users.length === 0) continue;
            code
              .get(input)
              .memory("v128.load", column * x.pixelBytes)
              .set(value);
            for (const { sum, tap } of users) {
              code.get(value).get(tap);
              multiplyAdd(code, context.target, sum);
              code.set(sum);
            }
          }
          advance(code, weights, 16 * kernelWidth);
          advance(code, input, x.rowBytes);
        });
        for (const [pixel, sum] of tile.entries()) {
          code.get(output);
          activate(sum);
          code.memory("v128.store", pixel * y.pixelBytes);
        }
      };
      const emitTiles = (pixels: number): void => {
        code.i32(weightVectors).set(weights);
        repeat(code, vectors, () => {
          emitTile(pixels);
          advance(code, window, 16);
          advance(code, output, 16);
        });
        advance(code, window, pixels * stride * x.pixelBytes - 16 * vectors);
        advance(code, output, pixels * y.pixelBytes - 16 * vectors);
      };
      repeat(code, Math.floor(y.width / TILE_PIXELS), () => emitTiles(TILE_PIXELS));
      if (y.width % TILE_PIXELS > 0) emitTiles(y.width % TILE_PIXELS);
    },
  );

  return context.module.function(`depthwise_conv2d ${node.output}`, [], [], (code) => {
    const window = pointerTo(code, x.address - padding.top * x.rowBytes - padding.left * x.pixelBytes);
    const output = pointerTo(code, y.address);
    repeat(code, y.height, () => {
      code.get(window).get(output).call(row);
      advance(code, window, stride * x.rowBytes);
      advance(code, output, y.rowBytes);
    });
  });

  /** [taps][channels] → [vector][bias, taps][4]; missing channels are zeros. */
  function packWeights(
    weights: Float32Array,
    biases: Float32Array | undefined,
    taps: number,
    channels: number,
  ): Float32Array {
    const packed = new Float32Array(vectors * (taps + 1) * 4);
    for (let channel = 0; channel < channels; channel++) {
      const at = Math.floor(channel / 4) * (taps + 1) * 4 + (channel % 4);
      packed[at] = biases?.[channel] ?? 0;
      for (let tap = 0; tap < taps; tap++)
        packed[at + 4 * (tap + 1)] = weights[tap * channels + channel] ?? 0;
    }
    return packed;
  }
};

/** The accumulators that an input column of the tile contributes to, with their taps. */
function usersOf(
  column: number,
  accumulators: readonly Local[],
  taps: readonly Local[],
  stride: number,
): { readonly sum: Local; readonly tap: Local }[] {
  return accumulators.flatMap((sum, pixel) => {
    const tap = taps[column - pixel * stride];
    return tap === undefined ? [] : [{ sum, tap }];
  });
}
