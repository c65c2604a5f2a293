/**
 * Two-dimensional convolution, directly on NHWC: for an output pixel, a row of the kernel meets one contiguous run of
 * kernelWidth × inputChannels floats, so one micro-kernel serves every kernel size and stride.
 */
import type { FunctionReference } from "../wasm/assembler.ts";
import {
  type Convolution,
  describeConvolution,
  emitRowEnd,
  emitTile,
  TILE_PIXELS,
  TILE_VECTORS,
} from "./conv2d-tile.ts";
import { type EmitKernel, inputAt, type KernelContext, vectorsOf } from "./kernel.ts";
import { advance, copyOf, pointerTo, repeat } from "./loops.ts";

/** Weights beyond this do not stay in the second-level cache while every row of the picture passes by. */
const CACHED_WEIGHT_BYTES = 200_000;

export const emitDirectConv2d: EmitKernel<"conv2d"> = (node, context) => {
  const weights = context.constant(inputAt(node, 1));
  const [outputs = 1, kernelHeight = 1, kernelWidth = 1] = weights.shape;
  const convolution = describeConvolution(node, context, kernelHeight, kernelWidth);
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

/** [outputs][taps] → [block][taps][lanes]; channels that do not exist are zeros. */
export function packWeights(
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

/** Biases of `lanes` channels from `firstOutput` on; zeros where there are none. */
export function packBias(bias: Float32Array | undefined, firstOutput: number, lanes: number): Float32Array {
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
      emitTile(code, context.target, convolution, TILE_PIXELS, vectors, { window, output, weights, bias });
      advance(code, window, TILE_PIXELS * stride * x.pixelBytes);
      advance(code, output, TILE_PIXELS * y.pixelBytes);
    });
    const rest = y.width % TILE_PIXELS;
    if (rest > 0)
      emitTile(code, context.target, convolution, rest, vectors, { window, output, weights, bias });
    emitRowEnd(code, convolution, 1, vectors, firstOutput, addend, context);
  });
}
