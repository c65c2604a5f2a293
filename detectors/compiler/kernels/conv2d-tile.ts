/**
 * What every way to convolve is made of: a micro-kernel that keeps a tile of sums in registers, and the end of a row.
 *
 * The micro-kernel takes one step of the dot product per turn of its loop. A tile of 4 pixels × 2 vectors of output
 * channels needs 8 sums + 2 weights + 1 pixel of the 16 vector registers of x86-64. Unrolling by hand made V8 11.3 hoist
 * the loads and spill (53 → 37 GFLOP/s) and gains nothing in V8 13.6, nor do 6 pixels: one step per loop body, then.
 */
import type { Activation, Node } from "../graph/graph.ts";
import type { Target } from "../target.ts";
import type { Assembler, Local } from "../wasm/assembler.ts";
import { prepareActivation } from "./activation.ts";
import { type FeatureMap, inputAt, type KernelContext } from "./kernel.ts";
import { advance, copyOf, repeat } from "./loops.ts";
import { multiplyAdd } from "./multiply-add.ts";

export const TILE_PIXELS = 4;
export const TILE_VECTORS = 2;

/** Everything the emitted code depends on. */
export interface Convolution {
  readonly name: string;
  readonly x: FeatureMap;
  readonly y: FeatureMap;
  readonly residual: FeatureMap | undefined;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly stride: number;
  readonly activation: Activation;
  /** Address of the kernel's top left corner for the first output pixel: inside the zero border where there is padding. */
  readonly firstWindow: number;
}

/** Where a convolution's values lie. */
export function describeConvolution(
  node: Node<"conv2d">,
  context: KernelContext,
  kernelHeight: number,
  kernelWidth: number,
): Convolution {
  const x = context.map(inputAt(node, 0));
  const residual = node.inputs[3];
  const { stride, padding, activation } = node.attributes;
  return {
    name: node.output,
    x,
    y: context.map(node.output),
    residual: residual === undefined ? undefined : context.map(residual),
    kernelHeight,
    kernelWidth,
    stride,
    activation,
    firstWindow: x.address - padding.top * x.rowBytes - padding.left * x.pixelBytes,
  };
}

export interface TileAddresses {
  readonly window: Local;
  readonly output: Local;
  readonly weights: Local;
  readonly bias: Local;
}

/** pixels × vectors output values: dot products in registers, bias included. */
export function emitTile(
  code: Assembler,
  target: Target,
  {
    x,
    y,
    kernelHeight,
    kernelWidth,
    stride,
  }: Pick<Convolution, "x" | "y" | "kernelHeight" | "kernelWidth" | "stride">,
  pixels: number,
  vectors: number,
  { window, output, weights, bias }: TileAddresses,
): void {
  const sums = Array.from({ length: pixels * vectors }, (_, index) => {
    const sum = code.local("v128");
    const vector = index % vectors;
    code
      .get(bias)
      .memory("v128.load", 16 * vector)
      .set(sum);
    return { sum, vector, pixel: Math.floor(index / vectors) };
  });
  const rows = Array.from({ length: vectors }, () => code.local("v128"));
  const input = copyOf(code, window);
  const weight = copyOf(code, weights);
  const end = code.local("i32");
  const value = code.local("v128");

  // Pixels that lie back to back make one run per kernel row; inside a concatenation there are gaps between them.
  const isContiguous = x.pixelBytes === x.channels * 4;
  const runs = isContiguous ? 1 : kernelWidth;
  const runBytes = (isContiguous ? kernelWidth : 1) * x.channels * 4;
  const runPitch = isContiguous ? runBytes : x.pixelBytes;

  repeat(code, kernelHeight, () => {
    repeat(code, runs, () => {
      code.get(input).i32(runBytes).op("i32.add").set(end);
      code.loop((again) => {
        for (const [vector, row] of rows.entries()) {
          code
            .get(weight)
            .memory("v128.load", 16 * vector)
            .set(row);
        }
        for (const { sum, vector, pixel } of sums) {
          const row = rows[vector];
          if (row === undefined) throw new Error("a tile has a weight register for each of its vectors");
          if (vector === 0) {
            code
              .get(input)
              .memory("v128.load32_splat", pixel * stride * x.pixelBytes)
              .set(value);
          }
          multiplyAdd(code, target, value, row, sum);
        }
        advance(code, weight, 16 * vectors);
        code.get(input).i32(4).op("i32.add").tee(input).get(end).op("i32.ne").brIf(again);
      });
      advance(code, input, runPitch - runBytes);
    });
    advance(code, input, x.rowBytes - runs * runPitch);
  });
  for (const { sum, vector, pixel } of sums) {
    code
      .get(output)
      .get(sum)
      .memory("v128.store", pixel * y.pixelBytes + 16 * vector);
  }
}

/**
 * Activation and residual over a finished row, while it is still in the first-level cache.
 * @param blocks how many blocks of `vectors` vectors each pixel has here
 */
export function emitRowEnd(
  code: Assembler,
  { y, activation, residual }: Convolution,
  blocks: number,
  vectors: number,
  output: Local,
  addend: Local | undefined,
  context: KernelContext,
): void {
  if (activation === "none" && !addend) return;
  const activate = prepareActivation(code, activation, context);
  const value = code.local("v128");
  repeat(code, y.width, () => {
    repeat(code, blocks, () => {
      for (let vector = 0; vector < vectors; vector++) {
        code
          .get(output)
          .memory("v128.load", 16 * vector)
          .set(value)
          .get(output);
        activate(value);
        if (addend) {
          code
            .get(addend)
            .memory("v128.load", 16 * vector)
            .op("f32x4.add");
        }
        code.memory("v128.store", 16 * vector);
      }
      advance(code, output, 16 * vectors);
      if (addend) advance(code, addend, 16 * vectors);
    });
    advance(code, output, y.pixelBytes - 16 * vectors * blocks);
    if (addend && residual) advance(code, addend, residual.pixelBytes - 16 * vectors * blocks);
  });
}
