/**
 * A 3×3 convolution by Winograd's minimal filtering. For a group of tile rows, it transforms the inputs, multiplies at each
 * position (a 1×1 convolution over tiles, by the micro-kernel of direct convolution), transforms the products back, and
 * applies the epilogue. The weights are transformed once, before the first inference: in the file they would be four times
 * as large.
 */

import { ELEMENT_BYTES } from "../graph/value.ts";
import type { ConvolutionQuantization } from "../ops/quantized-conv2d.ts";
import type { Assembler, FunctionReference, Local } from "../wasm/assembler.ts";
import { type Conv2dNode, type PlacedConvolution, placeConvolution } from "./convolution.ts";
import { emitEpilogue } from "./epilogue.ts";
import { inputAt, type KernelContext } from "./kernel.ts";
import { advance, pointerTo, repeat } from "./loops.ts";
import { emitTileRow, TILE_VECTORS } from "./micro-kernel.ts";
import { packBias, packProduct, packWeights } from "./pack-weights.ts";
import { emitQuantizedEpilogue, packFactors } from "./quantized-epilogue.ts";
import { weightPitch } from "./winograd.ts";
import { emitInputRow, emitOutputRow, layOutWorkspace, type Workspace } from "./winograd-rows.ts";
import { OUTPUTS, WEIGHT_POSITIONS, type WinogradScheme } from "./winograd-schemes.ts";
import { emitWeightPreparation } from "./winograd-weights.ts";

/** Output channels of a block. */
const LANES = 4 * TILE_VECTORS;

export function emitWinogradConv2d(
  node: Conv2dNode,
  scheme: WinogradScheme,
  context: KernelContext,
): FunctionReference {
  const convolution = placeConvolution(node, context, 3, 3);
  const { name, x, y, residual } = convolution;
  const weights = context.constant(inputAt(node, 1));
  const blocks = y.channels / LANES;
  const weightType = x.dtype === "i16" ? "i16" : "f32";
  const packed = context.storeForPreparation(
    packWeights(weights, 0, blocks, LANES, 1, weightType),
    packProduct(weights, 0, blocks, LANES),
  );
  const transformedWeights = emitWeightPreparation(
    name,
    scheme,
    packed,
    x.channels,
    y.channels,
    weightType,
    context,
  );
  const biasName = node.inputs[2];
  const bias = packBias(biasName === undefined ? undefined : context.floats(biasName).data, 0, y.channels);
  const workspace = layOutWorkspace(context.scratch(name), scheme, convolution);
  const { tileRows, tileColumns, groupRows, inputs, products } = workspace;
  const emitEpilogues =
    convolution.quantization === undefined
      ? floatEpilogues(convolution, workspace, bias, context)
      : quantizedEpilogues(convolution, convolution.quantization, workspace, bias, context);

  const partialHeight = y.height % OUTPUTS;
  const wholeGroups = Math.floor((partialHeight === 0 ? tileRows : tileRows - 1) / groupRows);
  const lastRows = tileRows - wholeGroups * groupRows;
  /** Heights of the tile rows in the last group; the last row may be partial. */
  const lastHeights = Array.from({ length: lastRows }, (_, row) =>
    row === lastRows - 1 && partialHeight > 0 ? partialHeight : OUTPUTS,
  );
  const groupHeights = Array.from({ length: groupRows }, () => OUTPUTS);

  return context.module.function(`conv2d ${name} winograd`, [], [], (code) => {
    const window = pointerTo(code, convolution.firstWindow);
    const output = pointerTo(code, y.address);
    const addend = pointerTo(code, residual?.address ?? 0);
    const emitGroup = (heights: readonly number[]): void => {
      for (const [row, height] of heights.entries()) {
        const to = inputs + row * tileColumns * x.channels * 4;
        emitInputRow(code, convolution, workspace, height, { window, inputs: to }, context);
        advance(code, window, OUTPUTS * scheme.stride * x.rowBytes);
      }
      const tiles = heights.length * tileColumns;
      code.call(emitMultiply(convolution, workspace, transformedWeights, tiles, context));
      for (const [row, height] of heights.entries()) {
        const from = products + row * tileColumns * y.channels * 4;
        emitEpilogues(code, height, from, output, addend);
      }
    };
    repeat(code, wholeGroups, () => emitGroup(groupHeights));
    if (lastRows > 0) emitGroup(lastHeights);
  });
}

/** Multiplies `tiles` transformed tiles by the transformed weights at each position. */
function emitMultiply(
  { name, x, y }: PlacedConvolution,
  { scheme, inputs, products, inputPitch, productPitch }: Workspace,
  transformedWeights: number,
  tiles: number,
  context: KernelContext,
): FunctionReference {
  const row = {
    x: { dtype: "f32", channels: x.channels, pixelBytes: x.channels * 4, rowBytes: tiles * x.channels * 4 },
    kernelHeight: 1,
    kernelWidth: 1,
    stride: 1,
    width: tiles,
    vectors: TILE_VECTORS,
    outputPixelBytes: y.channels * 4,
  } as const;
  const blockBytes = TILE_VECTORS * 16;
  const noBias = context.store(NO_BIAS);
  const multiply = context.module.function(
    `winograd ${name} multiply×${tiles}`,
    ["i32", "i32", "i32"],
    [],
    (code, input, weights, product) => {
      if (!input || !weights || !product) throw new Error("a multiplication has three parameters");
      const bias = pointerTo(code, noBias);
      repeat(code, y.channels / LANES, () => {
        emitTileRow(code, row, { window: input, output: product, weights, bias }, context);
        advance(code, weights, x.channels * blockBytes);
        advance(code, product, blockBytes);
      });
    },
  );
  return context.module.function(`winograd ${name} multiply×${tiles} everywhere`, [], [], (code) => {
    const input = pointerTo(code, inputs);
    const row = pointerTo(code, transformedWeights);
    const weights = code.local("i32");
    const product = pointerTo(code, products);
    const positionBytes = weightPitch(x.channels, y.channels);
    const { own, shared } = scheme;
    const emitPosition = (): void => {
      code.get(input).get(weights).get(product).call(multiply);
      advance(code, input, inputPitch);
      advance(code, product, productPitch);
    };
    const emitPositionRow = (): void => {
      code.get(row).set(weights);
      repeat(code, own, () => {
        emitPosition();
        advance(code, weights, positionBytes);
      });
      repeat(code, shared, emitPosition);
    };
    repeat(code, own, () => {
      emitPositionRow();
      advance(code, row, WEIGHT_POSITIONS * positionBytes);
    });
    repeat(code, shared, emitPositionRow);
  });
}

const NO_BIAS = new Float32Array(TILE_VECTORS * 4);

/** Turns the products of a row of tiles into output rows, and advances `output` and `addend` past them. */
type EmitEpilogues = (
  code: Assembler,
  height: number,
  products: number,
  output: Local,
  addend: Local,
) => void;

/** Floats: the transform writes to the output, and the epilogue works in place. */
function floatEpilogues(
  convolution: PlacedConvolution,
  workspace: Workspace,
  bias: Float32Array,
  context: KernelContext,
): EmitEpilogues {
  const { y, residual } = convolution;
  const biasAddress = context.store(bias);
  return (code, height, products, output, addend) => {
    emitOutputRow(code, y, workspace, height, { products, output, bias: biasAddress }, context);
    repeat(code, height, () => {
      const added = residual === undefined ? undefined : addend;
      emitEpilogue(code, convolution, y.channels / LANES, TILE_VECTORS, output, added, context);
      advance(code, output, y.rowBytes);
      advance(code, addend, residual?.rowBytes ?? 0);
    });
  };
}

/** Integers: the transform writes floats to working memory, from which the epilogue reads. */
function quantizedEpilogues(
  convolution: PlacedConvolution,
  quantization: ConvolutionQuantization,
  workspace: Workspace,
  bias: Float32Array,
  context: KernelContext,
): EmitEpilogues {
  const { y, residual } = convolution;
  const blocks = y.channels / LANES;
  const pixelBytes = y.channels * 4;
  const floats = { ...y, pixelBytes, rowBytes: y.width * pixelBytes };
  const packed = packFactors(quantization, convolution.activation, bias, 0, blocks, LANES);
  const factorsAddress = context.store(packed);
  const accumulatorRow = { dtype: "f32", pixelBytes } as const;
  const addendBytes = residual === undefined ? 0 : LANES * ELEMENT_BYTES[residual.dtype];
  return (code, height, products, output, addend) => {
    const accumulators = pointerTo(code, workspace.rows);
    const factors = code.local("i32");
    emitOutputRow(code, floats, workspace, height, { products, output: accumulators }, context);
    repeat(code, height, () => {
      code.i32(factorsAddress).set(factors);
      repeat(code, blocks, () => {
        const addresses = { accumulators, output, factors, addend };
        emitQuantizedEpilogue(
          code,
          convolution,
          quantization,
          TILE_VECTORS,
          accumulatorRow,
          addresses,
          context,
        );
        advance(code, accumulators, LANES * 4);
        advance(code, output, LANES * ELEMENT_BYTES[y.dtype]);
        advance(code, factors, packed.byteLength / blocks);
        advance(code, addend, addendBytes);
      });
      advance(code, accumulators, floats.rowBytes - pixelBytes);
      advance(code, output, y.rowBytes - y.channels * ELEMENT_BYTES[y.dtype]);
      advance(code, addend, (residual?.rowBytes ?? 0) - blocks * addendBytes);
    });
  };
}
