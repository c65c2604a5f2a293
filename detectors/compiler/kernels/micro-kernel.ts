/**
 * The micro-kernel of all convolutions: it keeps a tile of accumulators in registers.
 *
 * Each iteration of its loop computes one step of the dot product. A tile of 4 pixels × 2 vectors of output channels needs 8
 * accumulators, 2 weights and 1 pixel of the 16 vector registers of x86-64. Unrolling by hand made V8 11.3 hoist the loads and
 * spill (53 → 37 GFLOP/s), and gains nothing in V8 13.6; neither do 6 pixels. The loop body therefore has one step.
 *
 * Only the distance between pixels, which the inner loop needs, is a constant in the code. Everything else is a parameter, so
 * that nearly all convolutions of a network share a few functions, which the engine soon optimises.
 */
import { type DType, ELEMENT_BYTES } from "../graph/value.ts";

import type { Target } from "../target.ts";
import type { Assembler, FunctionReference, Local } from "../wasm/assembler.ts";
import type { FeatureMap, KernelContext } from "./kernel.ts";
import { add, advance, pushOffset, repeat } from "./loops.ts";
import { multiplyAdd } from "./multiply-add.ts";

export const TILE_PIXELS = 4;
export const TILE_VECTORS = 2;
/** Tile widths by preference. A width that divides the row evenly is better than a remainder of one or two pixels. */
const EVEN_TILES = [TILE_PIXELS, 5, 3];

/** Bytes of a pixel per step of the dot product. */
const STEP_BYTES = 4;

/** Channels of a pixel per step of the dot product. */
export function stepChannelsOf({ dtype }: FeatureMap): number {
  return STEP_BYTES / ELEMENT_BYTES[dtype];
}

/** A row of output pixels: dot products with windows of kernelHeight × kernelWidth pixels of x. */
export interface TileRow {
  readonly x: Pick<FeatureMap, "dtype" | "channels" | "pixelBytes" | "rowBytes">;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly stride: number;
  readonly width: number;
  /** Vectors of output channels. */
  readonly vectors: number;
  /** Distance between the accumulators of neighbouring pixels. */
  readonly outputPixelBytes: number;
}

export interface TileAddresses {
  readonly window: Local;
  readonly output: Local;
  readonly weights: Local;
  /** Initial values of the accumulators; undefined: zero. */
  readonly bias: Local | undefined;
}

/** Emits width × vectors dot products: f32, or i32 where x is integers. */
export function emitTileRow(
  code: Assembler,
  row: TileRow,
  { window, output, weights, bias }: TileAddresses,
  context: KernelContext,
): void {
  const { x, kernelHeight, kernelWidth, width, vectors, outputPixelBytes } = row;
  // Contiguous pixels form one run per kernel row; inside a concatenation there are gaps between pixels.
  const pixelBytes = stepBytes(x);
  const isContiguous = x.pixelBytes === pixelBytes;
  const runs = isContiguous ? 1 : kernelWidth;
  const runBytes = (isContiguous ? kernelWidth : 1) * pixelBytes;
  const runPitch = isContiguous ? runBytes : x.pixelBytes;
  const shape = {
    dtype: x.dtype,
    windowPitch: row.stride * x.pixelBytes,
    vectors,
    hasBias: bias !== undefined,
    isOneRun: kernelHeight * runs === 1,
  };
  const call = (firstPixel: number, tiles: number, pixels: number): void => {
    pushOffset(code, window, firstPixel * shape.windowPitch);
    pushOffset(code, output, firstPixel * outputPixelBytes);
    code.get(weights);
    if (bias) code.get(bias);
    else code.i32(0);
    code.i32(tiles).i32(outputPixelBytes).i32(runBytes).i32(kernelHeight).i32(runs);
    code.i32(runPitch - runBytes).i32(x.rowBytes - runs * runPitch);
    code.call(emitMicroKernel({ ...shape, pixels }, context));
  };
  const pixels = EVEN_TILES.find((candidate) => width % candidate === 0) ?? TILE_PIXELS;
  const tiles = Math.floor(width / pixels);
  const rest = width % pixels;
  if (tiles > 0) call(0, tiles, pixels);
  if (rest > 0) call(tiles * pixels, 1, rest);
}

/** The properties that the code of the micro-kernel depends on. */
interface MicroKernelShape {
  readonly dtype: DType;
  /** Distance between the windows of neighbouring output pixels. */
  readonly windowPitch: number;
  readonly pixels: number;
  readonly vectors: number;
  readonly hasBias: boolean;
  /** Whether a window is one contiguous run of numbers. */
  readonly isOneRun: boolean;
}

/**
 * A row of tiles. A window is `rows` × `runs` runs of numbers, with `gap` bytes between runs and `rowGap` bytes between rows.
 * These four parameters are ignored when a window is one run, and `bias` when there is none.
 */
function emitMicroKernel(shape: MicroKernelShape, { module, target }: KernelContext): FunctionReference {
  const { dtype, windowPitch, pixels, vectors, hasBias, isOneRun } = shape;
  const name = `${pixels}×${vectors} sums of ${dtype}, pitch ${windowPitch}`;
  const parameters = [
    ...(["window", "output", "weights", "bias", "tiles", "outputPixelBytes", "runBytes"] as const),
    ...(["rows", "runs", "gap", "rowGap"] as const),
  ];
  return module.procedure(name, parameters, (code, at) => {
    const accumulators = Array.from({ length: pixels * vectors }, (_, index) => ({
      sum: code.local("v128"),
      vector: index % vectors,
      pixel: Math.floor(index / vectors),
    }));
    const weightVectors = Array.from({ length: vectors }, () => code.local("v128"));
    const value = code.local("v128");
    const input = code.local("i32");
    const weight = code.local("i32");
    const end = code.local("i32");

    const emitRun = (): void => {
      code.get(input).get(at.runBytes).op("i32.add").set(end);
      code.loop((again) => {
        for (const [vector, weights] of weightVectors.entries()) {
          code
            .get(weight)
            .memory("v128.load", 16 * vector)
            .set(weights);
        }
        for (const { sum, vector, pixel } of accumulators) {
          const weights = weightVectors[vector];
          if (weights === undefined) throw new Error("a tile has a weight register for each of its vectors");
          if (vector === 0) {
            code
              .get(input)
              .memory("v128.load32_splat", pixel * windowPitch)
              .set(value);
          }
          accumulate(code, target, dtype, value, weights, sum);
        }
        advance(code, weight, 16 * vectors);
        code.get(input).i32(STEP_BYTES).op("i32.add").tee(input).get(end).op("i32.ne").brIf(again);
      });
    };

    repeat(code, at.tiles, () => {
      for (const { sum, vector } of accumulators) {
        if (hasBias) code.get(at.bias).memory("v128.load", 16 * vector);
        else code.f32(0).op("f32x4.splat");
        code.set(sum);
      }
      code.get(at.window).set(input).get(at.weights).set(weight);
      if (isOneRun) {
        emitRun();
      } else {
        repeat(code, at.rows, () => {
          repeat(code, at.runs, () => {
            emitRun();
            add(code, input, at.gap);
          });
          add(code, input, at.rowGap);
        });
      }
      for (const { sum, vector } of accumulators) {
        code
          .get(at.output)
          .get(sum)
          .memory("v128.store", 16 * vector);
        if (vector === vectors - 1) add(code, at.output, at.outputPixelBytes);
      }
      advance(code, at.window, pixels * windowPitch);
    });
  });
}

/** sum += the products of a step: one of floats, two of i16 or four of bytes per lane. */
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
      code.get(x).get(weights);
      multiplyAdd(code, target, sum);
      code.set(sum);
      return;
    case "i16":
      code.get(x).get(weights).op("i32x4.dot_i16x8_s").get(sum).op("i32x4.add").set(sum);
      return;
    case "u7":
      // The second operand has 7 bits: engines differ for an eighth bit (relaxed SIMD proposal).
      code.get(weights).get(x).get(sum).op("i32x4.relaxed_dot_i8x16_i7x16_add_s").set(sum);
      return;
    case "u8":
      throw new Error("the micro-kernel does not read image bytes");
  }
}

/** Bytes of a pixel's channels, rounded up to whole steps. */
function stepBytes({ channels, dtype }: Pick<FeatureMap, "channels" | "dtype">): number {
  return Math.ceil((channels * ELEMENT_BYTES[dtype]) / STEP_BYTES) * STEP_BYTES;
}
