/**
 * Two-dimensional convolution, directly on NHWC: for an output pixel, a row of the kernel meets one contiguous run of
 * kernelWidth × inputChannels floats, so one micro-kernel serves every kernel size and stride.
 *
 * The micro-kernel keeps a tile of 4 pixels × 2 vectors of output channels in registers and takes one step of the dot
 * product per turn of its loop: 4·2 accumulators + 2 weights + 1 pixel fit the 16 vector registers of x86-64. Unrolling
 * by hand made V8 hoist the loads and spill (../shared notes: 53 → 37 GFLOP/s), hence exactly one step per loop body.
 */
import type { Activation, Node } from "../graph/graph.ts";
import type { Assembler, FunctionReference, Local } from "../wasm/assembler.ts";
import { prepareActivation } from "./activation.ts";
import { type EmitKernel, type FeatureMap, inputAt, type KernelContext, vectorsOf } from "./kernel.ts";
import { advance, copyOf, pointerTo, repeat } from "./loops.ts";

const TILE_PIXELS = 4;
const TILE_VECTORS = 2;
/** Weights beyond this do not stay in the second-level cache while every row of the picture passes by. */
const CACHED_WEIGHT_BYTES = 200_000;

/** Everything the emitted code depends on. */
interface Convolution {
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

export const emitConv2d: EmitKernel<"conv2d"> = (node, context) => {
  const weights = context.constant(inputAt(node, 1));
  const [outputs = 1, kernelHeight = 1, kernelWidth = 1] = weights.shape;
  const convolution = describe(node, context, kernelHeight, kernelWidth);
  const biasName = node.inputs[2];
  const bias = biasName === undefined ? undefined : context.constant(biasName).data;

  const vectors = vectorsOf(convolution.y);
  const wideBlocks = Math.floor(vectors / TILE_VECTORS);
  const groups: BlockGroup[] = [];
  let firstOutput = 0;
  for (const [blockVectors, blocks] of [
    [TILE_VECTORS, wideBlocks],
    [1, vectors - wideBlocks * TILE_VECTORS],
  ] as const) {
    if (blocks === 0) continue;
    const packed = packWeights(weights.data, outputs, firstOutput, blocks, blockVectors * 4);
    groups.push({
      blocks,
      firstChannelBytes: firstOutput * 4,
      blockBytes: blockVectors * 16,
      weightBytes: (packed.length / blocks) * 4,
      weights: context.store(packed),
      bias: context.store(packBias(bias, firstOutput, blocks * blockVectors * 4)),
      row: emitRow(convolution, blockVectors, context),
    });
    firstOutput += blocks * blockVectors * 4;
  }
  return emitDriver(convolution, groups, context);
};

/** Blocks of output channels that are equally wide: they share one row function. */
interface BlockGroup {
  readonly blocks: number;
  readonly firstChannelBytes: number;
  readonly blockBytes: number;
  readonly weightBytes: number;
  readonly weights: number;
  readonly bias: number;
  readonly row: FunctionReference;
}

function describe(
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

/** [outputs][taps] → [block][taps][lanes]; channels that do not exist are zeros. */
function packWeights(
  weights: Float32Array,
  outputs: number,
  firstOutput: number,
  blocks: number,
  lanes: number,
): Float32Array {
  const taps = weights.length / outputs;
  const packed = new Float32Array(blocks * taps * lanes);
  for (let block = 0; block < blocks; block++) {
    for (let lane = 0; lane < lanes; lane++) {
      const output = firstOutput + block * lanes + lane;
      if (output >= outputs) break;
      for (let tap = 0; tap < taps; tap++) {
        packed[(block * taps + tap) * lanes + lane] = weights[output * taps + tap] ?? 0;
      }
    }
  }
  return packed;
}

function packBias(bias: Float32Array | undefined, firstOutput: number, lanes: number): Float32Array {
  const packed = new Float32Array(lanes);
  if (bias !== undefined) packed.set(bias.subarray(firstOutput, firstOutput + lanes));
  return packed;
}

/**
 * The whole convolution: rows × blocks calls of a row function. Rows outermost keeps a row of the input in cache; with
 * large weights and a small picture it is better to keep a block of the weights there and let the rows pass.
 */
function emitDriver(
  convolution: Convolution,
  groups: readonly BlockGroup[],
  context: KernelContext,
): FunctionReference {
  const { name, x, y, residual, stride } = convolution;
  const weightBytes = groups.reduce((sum, group) => sum + group.blocks * group.weightBytes, 0);
  const blocksOutermost = weightBytes > CACHED_WEIGHT_BYTES && weightBytes > x.height * x.rowBytes;

  return context.module.function(`conv2d ${name}`, [], [], (code) => {
    const input = code.local("i32");
    const output = code.local("i32");
    const weights = code.local("i32");
    const bias = code.local("i32");
    const addend = code.local("i32");
    const nextRow = (): void => {
      advance(code, input, stride * x.rowBytes);
      advance(code, output, y.rowBytes);
      if (residual) advance(code, addend, residual.rowBytes);
    };
    const call = (row: FunctionReference): void => {
      code.get(input).get(output).get(weights).get(bias);
      if (residual) code.get(addend);
      code.call(row);
    };

    if (blocksOutermost) {
      for (const { blocks, firstChannelBytes, blockBytes, row, ...group } of groups) {
        const blockOutput = pointerTo(code, y.address + firstChannelBytes);
        const blockAddend = pointerTo(code, (residual?.address ?? 0) + firstChannelBytes);
        code.i32(group.weights).set(weights).i32(group.bias).set(bias);
        repeat(code, blocks, () => {
          code.i32(convolution.firstWindow).set(input).get(blockOutput).set(output);
          code.get(blockAddend).set(addend);
          repeat(code, y.height, () => {
            call(row);
            nextRow();
          });
          advance(code, blockOutput, blockBytes);
          advance(code, blockAddend, blockBytes);
          advance(code, weights, group.weightBytes);
          advance(code, bias, blockBytes);
        });
      }
      return;
    }
    code.i32(convolution.firstWindow).set(input).i32(y.address).set(output);
    code.i32(residual?.address ?? 0).set(addend);
    const pixelBytes = groups.reduce((sum, { blocks, blockBytes }) => sum + blocks * blockBytes, 0);
    repeat(code, y.height, () => {
      for (const { blocks, blockBytes, row, ...group } of groups) {
        code.i32(group.weights).set(weights).i32(group.bias).set(bias);
        repeat(code, blocks, () => {
          call(row);
          advance(code, output, blockBytes);
          advance(code, addend, blockBytes);
          advance(code, weights, group.weightBytes);
          advance(code, bias, blockBytes);
        });
      }
      advance(code, output, -pixelBytes);
      advance(code, addend, -pixelBytes);
      nextRow();
    });
  });
}

/**
 * One block of output channels of one output row: (window, output, weights, bias[, residual]) addresses. A function of
 * its own, because engines optimise a function that is called often long before one that merely loops for long.
 */
function emitRow(convolution: Convolution, vectors: number, context: KernelContext): FunctionReference {
  const { name, x, y, residual, stride } = convolution;
  const params = residual
    ? (["i32", "i32", "i32", "i32", "i32"] as const)
    : (["i32", "i32", "i32", "i32"] as const);
  return context.module.function(`conv2d ${name} row×${vectors}`, params, [], (code, ...addresses) => {
    const [window, output, weights, bias, addend] = addresses;
    if (!window || !output || !weights || !bias)
      throw new Error("a row function has at least four parameters");
    const firstOutput = copyOf(code, output);
    repeat(code, Math.floor(y.width / TILE_PIXELS), () => {
      emitTile(code, convolution, TILE_PIXELS, vectors, { window, output, weights, bias });
      advance(code, window, TILE_PIXELS * stride * x.pixelBytes);
      advance(code, output, TILE_PIXELS * y.pixelBytes);
    });
    const rest = y.width % TILE_PIXELS;
    if (rest > 0) emitTile(code, convolution, rest, vectors, { window, output, weights, bias });
    emitRowEnd(code, convolution, vectors, firstOutput, addend, context);
  });
}

interface TileAddresses {
  readonly window: Local;
  readonly output: Local;
  readonly weights: Local;
  readonly bias: Local;
}

/** pixels × vectors output values: dot products in registers, bias included. */
function emitTile(
  code: Assembler,
  { x, y, kernelHeight, kernelWidth, stride }: Convolution,
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
          code.get(value).get(row).op("f32x4.mul").get(sum).op("f32x4.add").set(sum);
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

/** Activation and residual over the finished row, while it is still in the first-level cache. */
function emitRowEnd(
  code: Assembler,
  { y, activation, residual }: Convolution,
  vectors: number,
  output: Local,
  addend: Local | undefined,
  context: KernelContext,
): void {
  if (activation === "none" && !addend) return;
  const activate = prepareActivation(code, activation, context);
  const value = code.local("v128");
  repeat(code, y.width, () => {
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
    advance(code, output, y.pixelBytes);
    if (addend && residual) advance(code, addend, residual.pixelBytes);
  });
}
