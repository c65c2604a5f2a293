/**
 * A 3×3 convolution of stride 1 by Winograd's F(4×4, 3×3). For a group of tile rows: transform the inputs, multiply at each
 * of the 36 positions (a 1×1 convolution over tiles, by the same micro-kernel as the direct way), transform the products
 * back, and end the rows. The weights are transformed once, before the first inference: in the file they would be four
 * times as large.
 */
import type { FunctionReference, Local } from "../wasm/assembler.ts";
import {
  type Convolution,
  describeConvolution,
  emitRowEnd,
  emitTile,
  TILE_PIXELS,
  TILE_VECTORS,
} from "./conv2d-tile.ts";
import { packBias, packWeights } from "./direct-conv2d.ts";
import { type EmitKernel, inputAt, type KernelContext, vectorsOf } from "./kernel.ts";
import { advance, copyOf, pointerTo, repeat } from "./loops.ts";
import { OUTPUTS, POSITIONS } from "./winograd.ts";
import { emitInputRow, emitOutputRow, layOutWorkspace, type Workspace } from "./winograd-rows.ts";
import { emitWeightPreparation } from "./winograd-weights.ts";

export const emitWinogradConv2d: EmitKernel<"conv2d"> = (node, context) => {
  const convolution = describeConvolution(node, context, 3, 3);
  const { name, x, y, residual } = convolution;
  const weights = context.constant(inputAt(node, 1)).data;
  const packed = context.store(
    packWeights(weights, y.channels, 0, y.channels / (4 * TILE_VECTORS), 4 * TILE_VECTORS),
  );
  const transformedWeights = emitWeightPreparation(name, packed, x.channels, y.channels, context);
  const biasName = node.inputs[2];
  const bias = context.store(
    packBias(biasName === undefined ? undefined : context.constant(biasName).data, 0, y.channels),
  );
  const workspace = layOutWorkspace(context.scratch(name), convolution);
  const { tileRows, tileColumns, groupRows, inputs, products } = workspace;

  const inputRow = perHeight((height) => emitInputRow(convolution, workspace, height, context));
  const outputRow = perHeight((height) => emitOutputRow(convolution, workspace, bias, height, context));
  const multiply = perHeight((rows) =>
    emitMultiply(convolution, workspace, transformedWeights, rows * tileColumns, context),
  );
  const rowEnd = emitRowEndFunction(convolution, context);

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
    outputRow(height);
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
        advance(code, window, OUTPUTS * x.rowBytes);
      }
      code.call(multiply(heights.length));
      for (const [row, height] of heights.entries()) {
        code
          .i32(products + row * tileColumns * y.channels * 4)
          .get(output)
          .call(outputRow(height));
        repeat(code, height, () => {
          code.get(output).get(addend).call(rowEnd);
          advance(code, output, y.rowBytes);
          advance(code, addend, residual?.rowBytes ?? 0);
        });
      }
    };
    repeat(code, wholeGroups, () => emitGroup(groupHeights));
    if (lastRows > 0) emitGroup(lastHeights);
  });
};

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
  { inputs, products, inputPitch, productPitch }: Workspace,
  transformedWeights: number,
  tiles: number,
  context: KernelContext,
): FunctionReference {
  const tileMaps = {
    x: { ...x, pixelBytes: x.channels * 4 },
    y: { ...y, pixelBytes: y.channels * 4 },
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
      repeat(code, y.channels / (4 * TILE_VECTORS), () => {
        const window = copyOf(code, input);
        const output = copyOf(code, product);
        const emit = (pixels: number): void =>
          emitTile(code, context.target, tileMaps, pixels, TILE_VECTORS, { window, output, weights, bias });
        repeat(code, Math.floor(tiles / TILE_PIXELS), () => {
          emit(TILE_PIXELS);
          advance(code, window, TILE_PIXELS * tileMaps.x.pixelBytes);
          advance(code, output, TILE_PIXELS * tileMaps.y.pixelBytes);
        });
        if (tiles % TILE_PIXELS > 0) emit(tiles % TILE_PIXELS);
        advance(code, weights, x.channels * blockBytes);
        advance(code, product, blockBytes);
      });
    },
  );
  return context.module.function(`winograd ${name} multiply×${tiles} everywhere`, [], [], (code) => {
    const input = pointerTo(code, inputs);
    const weights = pointerTo(code, transformedWeights);
    const product = pointerTo(code, products);
    repeat(code, POSITIONS, () => {
      code.get(input).get(weights).get(product).call(multiply);
      advance(code, input, inputPitch);
      advance(code, weights, x.channels * y.channels * 4);
      advance(code, product, productPitch);
    });
  });
}

const NO_BIAS = new Float32Array(TILE_VECTORS * 4);

/** (output, addend): activation and residual of one row. */
function emitRowEndFunction(convolution: Convolution, context: KernelContext): FunctionReference {
  const { name, y, residual } = convolution;
  return context.module.function(`winograd ${name} row end`, ["i32", "i32"], [], (code, output, addend) => {
    if (!output || !addend) throw new Error("a row end has two parameters");
    const added: Local | undefined = residual === undefined ? undefined : addend;
    emitRowEnd(code, convolution, vectorsOf(y) / TILE_VECTORS, TILE_VECTORS, output, added, context);
  });
}
