/**
 * A 3×3 convolution by Winograd's minimal filtering. For a group of tile rows: transform the inputs, multiply at each of the
 * positions (a 1×1 convolution over tiles, by the same micro-kernel as the direct way), transform the products back, and
 * end the rows. The weights are transformed once, before the first inference: in the file they would be four times as
 * large.
 */
import type { ConvolutionQuantization } from "../graph/graph.ts";
import { ELEMENT_BYTES } from "../memory/layout.ts";
import type { Assembler, FunctionReference, Local } from "../wasm/assembler.ts";
import {
  type Conv2dNode,
  type Convolution,
  describeConvolution,
  emitTile,
  TILE_PIXELS,
  TILE_VECTORS,
} from "./conv2d-tile.ts";
import { inputAt, type KernelContext } from "./kernel.ts";
import { advance, copyOf, pointerTo, repeat } from "./loops.ts";
import { packBias, packProduct, packWeights } from "./pack-weights.ts";
import { emitQuantizedRowEnd, packFactors } from "./quantized-row-end.ts";
import { emitRowEnd } from "./row-end.ts";
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
  const convolution = describeConvolution(node, context, 3, 3);
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
  const bias = packBias(biasName === undefined ? undefined : context.constant(biasName).data, 0, y.channels);
  const workspace = layOutWorkspace(context.scratch(name), scheme, convolution);
  const { tileRows, tileColumns, groupRows, inputs, products } = workspace;

  const inputRow = perHeight((height) => emitInputRow(convolution, workspace, height, context));
  const outputRows =
    convolution.quantization === undefined
      ? floatRows(convolution, workspace, bias, context)
      : quantizedRows(convolution, convolution.quantization, workspace, bias, context);
  const multiply = perHeight((rows) =>
    emitMultiply(convolution, workspace, transformedWeights, rows * tileColumns, context),
  );

  const cutHeight = y.height % OUTPUTS;
  const wholeGroups = Math.floor((cutHeight === 0 ? tileRows : tileRows - 1) / groupRows);
  const lastRows = tileRows - wholeGroups * groupRows;
  /** Heights of the tile rows in the last group: the last of them may be cut. */
  const lastHeights = Array.from({ length: lastRows }, (_, row) =>
    row === lastRows - 1 && cutHeight > 0 ? cutHeight : OUTPUTS,
  );
  const groupHeights = Array.from({ length: groupRows }, () => OUTPUTS);
  // Functions are emitted before the one that calls them.
  for (const height of new Set([...(wholeGroups > 0 ? groupHeights : []), ...lastHeights])) {
    inputRow(height);
    outputRows.prepare(height);
  }
  if (wholeGroups > 0) multiply(groupRows);
  if (lastRows > 0) multiply(lastRows);

  return context.module.function(`conv2d ${name} winograd`, [], [], (code) => {
    const window = pointerTo(code, convolution.firstWindow);
    const output = pointerTo(code, y.address);
    const addend = pointerTo(code, residual?.address ?? 0);
    const emitGroup = (heights: readonly number[]): void => {
      for (const [row, height] of heights.entries()) {
        code
          .get(window)
          .i32(inputs + row * tileColumns * x.channels * 4)
          .call(inputRow(height));
        advance(code, window, OUTPUTS * scheme.stride * x.rowBytes);
      }
      code.call(multiply(heights.length));
      for (const [row, height] of heights.entries()) {
        const from = products + row * tileColumns * y.channels * 4;
        outputRows.emit(code, height, from, output, addend);
      }
    };
    repeat(code, wholeGroups, () => emitGroup(groupHeights));
    if (lastRows > 0) emitGroup(lastHeights);
  });
}

/** Emits a function for each height at most once. */
function perHeight(emit: (height: number) => FunctionReference): (height: number) => FunctionReference {
  const known = new Map<number, FunctionReference>();
  return (height) => {
    const emitted = known.get(height) ?? emit(height);
    known.set(height, emitted);
    return emitted;
  };
}

/** Multiplies `tiles` transformed tiles with the transformed weights, position by position. */
function emitMultiply(
  { name, x, y }: Convolution,
  { scheme, inputs, products, inputPitch, productPitch }: Workspace,
  transformedWeights: number,
  tiles: number,
  context: KernelContext,
): FunctionReference {
  const tileMaps = {
    x: { ...x, dtype: "f32" as const, pixelBytes: x.channels * 4 },
    outputPixelBytes: y.channels * 4,
    kernelHeight: 1,
    kernelWidth: 1,
    stride: 1,
  };
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
        const window = copyOf(code, input);
        const output = copyOf(code, product);
        const emit = (pixels: number): void =>
          emitTile(code, context.target, tileMaps, pixels, TILE_VECTORS, { window, output, weights, bias });
        repeat(code, Math.floor(tiles / TILE_PIXELS), () => {
          emit(TILE_PIXELS);
          advance(code, window, TILE_PIXELS * tileMaps.x.pixelBytes);
          advance(code, output, TILE_PIXELS * tileMaps.outputPixelBytes);
        });
        if (tiles % TILE_PIXELS > 0) emit(tiles % TILE_PIXELS);
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
    const positionBytes = x.channels * y.channels * 4;
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

/** The second half of a row of tiles: from products to finished rows of the output. */
interface OutputRows {
  /** Emits the functions that `emit` calls for rows of tiles of this height. */
  prepare(height: number): void;
  /** Finishes a row of tiles, and moves `output` and `addend` behind it. */
  emit(code: Assembler, height: number, products: number, output: Local, addend: Local): void;
}

/** Floats: the transform writes into the output, where the rows are ended in place. */
function floatRows(
  convolution: Convolution,
  workspace: Workspace,
  bias: Float32Array,
  context: KernelContext,
): OutputRows {
  const { name, y, residual } = convolution;
  const biasAddress = context.store(bias);
  const transform = perHeight((height) => emitOutputRow(name, y, workspace, biasAddress, height, context));
  const rowEnd = context.module.function(
    `winograd ${name} row end`,
    ["i32", "i32"],
    [],
    (code, output, addend) => {
      if (!output || !addend) throw new Error("a row end has two parameters");
      const added: Local | undefined = residual === undefined ? undefined : addend;
      emitRowEnd(code, convolution, y.channels / LANES, TILE_VECTORS, output, added);
    },
  );
  return {
    prepare: (height) => void transform(height),
    emit(code, height, products, output, addend) {
      code.i32(products).get(output).call(transform(height));
      repeat(code, height, () => {
        code.get(output).get(addend).call(rowEnd);
        advance(code, output, y.rowBytes);
        advance(code, addend, residual?.rowBytes ?? 0);
      });
    },
  };
}

/** Whole numbers: the transform writes floats into working memory, and the rows' ends take them from there. */
function quantizedRows(
  convolution: Convolution,
  quantization: ConvolutionQuantization,
  workspace: Workspace,
  bias: Float32Array,
  context: KernelContext,
): OutputRows {
  const { name, y, residual } = convolution;
  const blocks = y.channels / LANES;
  const pixelBytes = y.channels * 4;
  const floats = { ...y, pixelBytes, rowBytes: y.width * pixelBytes };
  const transform = perHeight((height) => emitOutputRow(name, floats, workspace, undefined, height, context));
  const packed = packFactors(quantization, convolution.activation, bias, 0, blocks, LANES);
  const factorsAddress = context.store(packed);
  const blockEnd = emitQuantizedRowEnd(
    convolution,
    quantization,
    TILE_VECTORS,
    { dtype: "f32", pixelBytes },
    context,
  );
  const addendBytes = residual === undefined ? 0 : LANES * ELEMENT_BYTES[residual.dtype];
  return {
    prepare: (height) => void transform(height),
    emit(code, height, products, output, addend) {
      const sums = pointerTo(code, workspace.rows);
      const factors = code.local("i32");
      code.i32(products).get(sums).call(transform(height));
      repeat(code, height, () => {
        code.i32(factorsAddress).set(factors);
        repeat(code, blocks, () => {
          code.get(sums).get(output).get(factors).get(addend).call(blockEnd);
          advance(code, sums, LANES * 4);
          advance(code, output, LANES * ELEMENT_BYTES[y.dtype]);
          advance(code, factors, packed.byteLength / blocks);
          advance(code, addend, addendBytes);
        });
        advance(code, sums, floats.rowBytes - pixelBytes);
        advance(code, output, y.rowBytes - y.channels * ELEMENT_BYTES[y.dtype]);
        advance(code, addend, (residual?.rowBytes ?? 0) - blocks * addendBytes);
      });
    },
  };
}
