/**
 * What every way to convolve is made of: a micro-kernel that keeps a tile of sums in registers.
 *
 * The micro-kernel takes one step of the dot product per turn of its loop. A tile of 4 pixels × 2 vectors of output
 * channels needs 8 sums + 2 weights + 1 pixel of the 16 vector registers of x86-64. Unrolling by hand made V8 11.3 hoist
 * the loads and spill (53 → 37 GFLOP/s) and gains nothing in V8 13.6, nor do 6 pixels: one step per loop body, then.
 */
import type { Activation, ConvolutionQuantization, DType, Node } from "../graph/graph.ts";
import { ELEMENT_BYTES } from "../memory/layout.ts";
import type { Target } from "../target.ts";
import type { Assembler, Local } from "../wasm/assembler.ts";
import { type FeatureMap, inputAt, type KernelContext } from "./kernel.ts";
import { advance, copyOf, repeat } from "./loops.ts";
import { multiplyAdd } from "./multiply-add.ts";

export const TILE_PIXELS = 4;
export const TILE_VECTORS = 2;

/** Bytes of a pixel that one step of the dot product takes. */
const STEP_BYTES = 4;

/** Channels of a pixel that one step of the dot product takes. */
export function stepChannelsOf({ dtype }: FeatureMap): number {
  return STEP_BYTES / ELEMENT_BYTES[dtype];
}

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
  /** How its whole numbers stand for reals; undefined: it computes in f32 throughout. */
  readonly quantization: ConvolutionQuantization | undefined;
  /** Address of the kernel's top left corner for the first output pixel: inside the zero border where there is padding. */
  readonly firstWindow: number;
}

export type Conv2dNode = Node<"conv2d"> | Node<"quantized_conv2d">;

/** Where a convolution's values lie. */
export function describeConvolution(
  node: Conv2dNode,
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
    quantization: node.op === "quantized_conv2d" ? node.attributes.quantization : undefined,
    firstWindow: x.address - padding.top * x.rowBytes - padding.left * x.pixelBytes,
  };
}

export interface TileAddresses {
  readonly window: Local;
  readonly output: Local;
  readonly weights: Local;
  /** Where the sums start; undefined: at zero. */
  readonly bias: Local | undefined;
}

/** What a tile depends on; its sums go to pixels that lie `outputPixelBytes` apart. */
export interface TileShape extends Pick<Convolution, "x" | "kernelHeight" | "kernelWidth" | "stride"> {
  readonly outputPixelBytes: number;
}

/** pixels × vectors sums of dot products, kept in registers until they are stored: f32, or i32 where x is whole numbers. */
export function emitTile(
  code: Assembler,
  target: Target,
  { x, kernelHeight, kernelWidth, stride, outputPixelBytes }: TileShape,
  pixels: number,
  vectors: number,
  { window, output, weights, bias }: TileAddresses,
): void {
  const sums = Array.from({ length: pixels * vectors }, (_, index) => {
    const sum = code.local("v128");
    const vector = index % vectors;
    if (bias === undefined) code.f32(0).op("f32x4.splat");
    else code.get(bias).memory("v128.load", 16 * vector);
    code.set(sum);
    return { sum, vector, pixel: Math.floor(index / vectors) };
  });
  const rows = Array.from({ length: vectors }, () => code.local("v128"));
  const input = copyOf(code, window);
  const weight = copyOf(code, weights);
  const end = code.local("i32");
  const value = code.local("v128");

  // Pixels that lie back to back make one run per kernel row; inside a concatenation there are gaps between them.
  const pixelBytes = stepBytes(x);
  const isContiguous = x.pixelBytes === pixelBytes;
  const runs = isContiguous ? 1 : kernelWidth;
  const runBytes = (isContiguous ? kernelWidth : 1) * pixelBytes;
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
          accumulate(code, target, x.dtype, value, row, sum);
        }
        advance(code, weight, 16 * vectors);
        code.get(input).i32(STEP_BYTES).op("i32.add").tee(input).get(end).op("i32.ne").brIf(again);
      });
      advance(code, input, runPitch - runBytes);
    });
    advance(code, input, x.rowBytes - runs * runPitch);
  });
  for (const { sum, vector, pixel } of sums) {
    code
      .get(output)
      .get(sum)
      .memory("v128.store", pixel * outputPixelBytes + 16 * vector);
  }
}

/** sum += a step's products: one of floats, two of i16 or four of bytes per lane. */
function accumulate(
  code: Assembler,
  target: Target,
  dtype: DType,
  x: Local,
  weights: Local,
  sum: Local,
): void {
  switch (dtype) {
    case "f32":
      multiplyAdd(code, target, x, weights, sum);
      return;
    case "i16":
      code.get(x).get(weights).op("i32x4.dot_i16x8_s").get(sum).op("i32x4.add").set(sum);
      return;
    case "u7":
      // The second operand has 7 bits: what engines do with an eighth one differs (relaxed SIMD proposal).
      code.get(weights).get(x).get(sum).op("i32x4.relaxed_dot_i8x16_i7x16_add_s").set(sum);
      return;
    case "u8":
      throw new Error("the micro-kernel does not read the bytes of the picture");
  }
}

/** Bytes of a pixel's channels in whole steps. */
function stepBytes({ channels, dtype }: FeatureMap): number {
  return Math.ceil((channels * ELEMENT_BYTES[dtype]) / STEP_BYTES) * STEP_BYTES;
}
