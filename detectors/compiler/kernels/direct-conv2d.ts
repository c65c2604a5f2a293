/**
 * Direct two-dimensional convolution on NHWC. For an output pixel, a kernel row covers one contiguous run of kernelWidth ×
 * inputChannels numbers, so one micro-kernel serves every kernel size and stride.
 */
import { type Constant, ELEMENT_BYTES } from "../graph/value.ts";

import type { ConvolutionQuantization } from "../ops/quantized-conv2d.ts";
import type { FunctionReference } from "../wasm/assembler.ts";
import type { WasmType } from "../wasm/opcodes.ts";
import { type Conv2dNode, type PlacedConvolution, placeConvolution } from "./convolution.ts";
import { emitEpilogue } from "./epilogue.ts";
import { type FeatureMap, inputAt, type KernelContext, vectorsOf } from "./kernel.ts";
import { advance, pointerTo, repeat } from "./loops.ts";
import { emitTileRow, stepChannelsOf, TILE_VECTORS } from "./micro-kernel.ts";
import { packBias, packProduct, packWeights } from "./pack-weights.ts";
import { emitQuantizedEpilogue, packFactors } from "./quantized-epilogue.ts";

/** Larger weights do not stay in the second-level cache while the kernel goes through the rows of the map. */
const CACHED_WEIGHT_BYTES = 200_000;

export function emitDirectConv2d(node: Conv2dNode, context: KernelContext): FunctionReference {
  const weights = context.constant(inputAt(node, 1));
  const [, kernelHeight = 1, kernelWidth = 1] = weights.shape;
  const convolution = placeConvolution(node, context, kernelHeight, kernelWidth);
  const biasName = node.inputs[2];
  const bias = biasName === undefined ? undefined : context.floats(biasName).data;
  if (convolution.x.dtype === "u8")
    throw new Error(`${node.op} ${node.output}: only Winograd kernels read bytes`);
  const groups = emitBlockGroups(convolution, weights, bias, context.scratch(node.output), context);
  return emitDriver(convolution, groups, context);
}

/** (window, output): all output channels of one pixel, for kernels that compute single pixels. */
export function emitPixelConvolution(
  convolution: PlacedConvolution,
  weights: Constant,
  bias: Float32Array,
  accumulators: number,
  context: KernelContext,
): FunctionReference {
  const groups = emitBlockGroups(convolution, weights, bias, accumulators, context);
  return context.module.function(
    `conv2d ${convolution.name} pixel`,
    ["i32", "i32"],
    [],
    (code, window, output) => {
      if (!window || !output) throw new Error("a pixel function has two parameters");
      for (const group of groups) {
        const weightsAt = pointerTo(code, group.weights);
        const constants = pointerTo(code, group.constants);
        repeat(code, group.blocks, () => {
          code.get(window).get(output).get(weightsAt).get(constants).call(group.row);
          advance(code, output, group.outputBytes);
          advance(code, weightsAt, group.weightBytes);
          advance(code, constants, group.constantBytes);
        });
      }
    },
  );
}

/** @param accumulators address of working memory for one block of one row, used for integers */
function emitBlockGroups(
  convolution: PlacedConvolution,
  weights: Constant,
  bias: Float32Array | undefined,
  accumulators: number,
  context: KernelContext,
): readonly BlockGroup[] {
  const { x, y, residual, activation, quantization } = convolution;
  let firstOutput = 0;
  return blockWidths(y).map(({ vectors, blocks }) => {
    const lanes = vectors * 4;
    const packed = packWeights(weights, firstOutput, blocks, lanes, stepChannelsOf(x), x.dtype);
    const product = packProduct(weights, firstOutput, blocks, lanes);
    const constants =
      quantization === undefined
        ? packBias(bias, firstOutput, blocks * lanes)
        : packFactors(
            quantization,
            activation,
            bias ?? new Float32Array(y.channels),
            firstOutput,
            blocks,
            lanes,
          );
    firstOutput += blocks * lanes;
    return {
      blocks,
      outputBytes: lanes * ELEMENT_BYTES[y.dtype],
      addendBytes: residual === undefined ? 0 : lanes * ELEMENT_BYTES[residual.dtype],
      weightBytes: packed.byteLength / blocks,
      constantBytes: constants.byteLength / blocks,
      weights: context.store(packed, product),
      constants: context.store(constants),
      row:
        quantization === undefined
          ? emitRow(convolution, vectors, context)
          : emitQuantizedRow(convolution, quantization, vectors, accumulators, context),
    };
  });
}

/** Blocks of output channels of equal width, which share a row function. Sizes are those of one block. */
interface BlockGroup {
  readonly blocks: number;
  readonly outputBytes: number;
  readonly addendBytes: number;
  readonly weightBytes: number;
  readonly constantBytes: number;
  readonly weights: number;
  readonly constants: number;
  readonly row: FunctionReference;
}

/** As many wide blocks as fit, then a narrow one for floats. Integers are stored in wide blocks only. */
function blockWidths(y: FeatureMap): readonly { readonly vectors: number; readonly blocks: number }[] {
  const accumulatorVectors = (vectorsOf(y) * 4) / ELEMENT_BYTES[y.dtype];
  const wide = Math.floor(accumulatorVectors / TILE_VECTORS);
  return [
    { vectors: TILE_VECTORS, blocks: wide },
    { vectors: 1, blocks: accumulatorVectors - wide * TILE_VECTORS },
  ].filter(({ blocks }) => blocks > 0);
}

/**
 * The whole convolution: rows × blocks calls of a row function. An outer loop over rows keeps a row of the input in the
 * cache. With large weights and a small map, an outer loop over blocks is faster: it keeps a block of the weights there.
 */
function emitDriver(
  convolution: PlacedConvolution,
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
    const constants = code.local("i32");
    const addend = code.local("i32");
    const nextRow = (): void => {
      advance(code, input, stride * x.rowBytes);
      advance(code, output, y.rowBytes);
      if (residual) advance(code, addend, residual.rowBytes);
    };
    const call = (row: FunctionReference): void => {
      code.get(input).get(output).get(weights).get(constants);
      if (residual) code.get(addend);
      code.call(row);
    };

    if (blocksOutermost) {
      const blockOutput = pointerTo(code, y.address);
      const blockAddend = pointerTo(code, residual?.address ?? 0);
      for (const { blocks, row, ...group } of groups) {
        code.i32(group.weights).set(weights).i32(group.constants).set(constants);
        repeat(code, blocks, () => {
          code.i32(convolution.firstWindow).set(input).get(blockOutput).set(output);
          code.get(blockAddend).set(addend);
          repeat(code, y.height, () => {
            call(row);
            nextRow();
          });
          advance(code, blockOutput, group.outputBytes);
          advance(code, blockAddend, group.addendBytes);
          advance(code, weights, group.weightBytes);
          advance(code, constants, group.constantBytes);
        });
      }
      return;
    }
    code.i32(convolution.firstWindow).set(input).i32(y.address).set(output);
    code.i32(residual?.address ?? 0).set(addend);
    const pixel = (bytes: (group: BlockGroup) => number) =>
      groups.reduce((sum, group) => sum + group.blocks * bytes(group), 0);
    repeat(code, y.height, () => {
      for (const { blocks, row, ...group } of groups) {
        code.i32(group.weights).set(weights).i32(group.constants).set(constants);
        repeat(code, blocks, () => {
          call(row);
          advance(code, output, group.outputBytes);
          advance(code, addend, group.addendBytes);
          advance(code, weights, group.weightBytes);
          advance(code, constants, group.constantBytes);
        });
      }
      advance(code, output, -pixel(({ outputBytes }) => outputBytes));
      advance(code, addend, -pixel(({ addendBytes }) => addendBytes));
      nextRow();
    });
  });
}

/** (window, output, weights, constants[, addend]) */
function rowParameters(residual: FeatureMap | undefined): readonly WasmType[] {
  return Array.from({ length: residual === undefined ? 4 : 5 }, () => "i32");
}

/** One block of output channels of one output row. */
function emitRow(convolution: PlacedConvolution, vectors: number, context: KernelContext): FunctionReference {
  const { name, y, residual } = convolution;
  const params = rowParameters(residual);
  return context.module.function(`conv2d ${name} row×${vectors}`, params, [], (code, ...parameters) => {
    const [window, output, weights, bias, addend] = parameters;
    if (!window || !output || !weights || !bias)
      throw new Error("a row function has at least four parameters");
    const row = { ...convolution, width: y.width, vectors, outputPixelBytes: y.pixelBytes };
    emitTileRow(code, row, { window, output, weights, bias }, context);
    emitEpilogue(code, convolution, 1, vectors, output, addend, context);
  });
}

/** The same for integers: the accumulators go through working memory to the epilogue. */
function emitQuantizedRow(
  convolution: PlacedConvolution,
  quantization: ConvolutionQuantization,
  vectors: number,
  accumulatorsAddress: number,
  context: KernelContext,
): FunctionReference {
  const { name, x, y, residual } = convolution;
  const accumulatorRow = { dtype: x.dtype === "f32" ? "f32" : "i32", pixelBytes: vectors * 16 } as const;
  const params = rowParameters(residual);
  return context.module.function(`conv2d ${name} row×${vectors}`, params, [], (code, ...parameters) => {
    const [window, output, weights, factors, addend] = parameters;
    if (!window || !output || !weights || !factors)
      throw new Error("a row function has at least four parameters");
    const accumulators = pointerTo(code, accumulatorsAddress);
    const row = { ...convolution, width: y.width, vectors, outputPixelBytes: accumulatorRow.pixelBytes };
    emitTileRow(code, row, { window, output: accumulators, weights, bias: undefined }, context);
    const addresses = { accumulators, output, factors, addend };
    emitQuantizedEpilogue(code, convolution, quantization, vectors, accumulatorRow, addresses, context);
  });
}
