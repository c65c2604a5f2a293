/**
 * Winograd's minimal filtering for 3×3 convolutions (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks",
 * 2016, arXiv:1509.09308): chooses the scheme of a convolution and plans its working memory.
 */
import type { Shape, ValueType } from "../graph/value.ts";
import type { Conv2dNode } from "./convolution.ts";
import { TILE_PIXELS, TILE_VECTORS } from "./micro-kernel.ts";
import { OUTPUTS, positionsOf, STRIDE_1, STRIDE_2, type WinogradScheme } from "./winograd-schemes.ts";

/** The tiles of a convolution, which are computed in groups of `groupRows` tile rows. */
export interface WinogradPlan {
  readonly tileRows: number;
  readonly tileColumns: number;
  readonly groupRows: number;
  /** A tile between the two passes of a transform. */
  readonly intermediateBytes: number;
  /** Transformed inputs and products of one group, [position][tile][channel] each. */
  readonly inputBytes: number;
  readonly productBytes: number;
  /** Distances between positions. */
  readonly inputPitch: number;
  readonly productPitch: number;
  readonly scratchBytes: number;
}

const LINE_BYTES = 64;

/** With fewer input channels, the transforms cost more than the products that they save. */
const MIN_INPUTS_STRIDE_2 = 16;

/** The scheme for a convolution; undefined when direct convolution is faster or the only possibility. */
export function winogradScheme(
  node: Conv2dNode,
  type: (value: string) => ValueType,
): WinogradScheme | undefined {
  const [x = "", weights = ""] = node.inputs;
  const [outputs = 0, kernelHeight, kernelWidth, inputs = 0] = type(weights).shape;
  const [height = 0, width = 0] = type(node.output).shape;
  const fits =
    kernelHeight === 3 &&
    kernelWidth === 3 &&
    inputs % 4 === 0 &&
    outputs % (4 * TILE_VECTORS) === 0 &&
    height >= OUTPUTS &&
    width >= OUTPUTS;
  if (!fits) return undefined;
  const { dtype } = type(x);
  // Direct convolution is faster for u7, with sixteen products per instruction against a quarter of the products as floats,
  // and for i16 with stride 2, with eight per instruction against nine sixteenths.
  if (node.attributes.stride === 1 && dtype !== "u7") return STRIDE_1;
  if (node.attributes.stride === 2 && dtype === "f32" && inputs >= MIN_INPUTS_STRIDE_2) return STRIDE_2;
  return undefined;
}

/** Plans the tiles of an output of [height, width, outputs] from `inputs` channels. */
export function planWinograd(
  scheme: WinogradScheme,
  [height = 0, width = 0, outputs = 0]: Shape,
  inputs: number,
  isQuantized: boolean,
): WinogradPlan {
  const tileRows = Math.ceil(height / OUTPUTS);
  const tileColumns = Math.ceil(width / OUTPUTS);
  // The micro-kernel computes four tiles at a time: group as many rows as make the number of tiles a multiple of four.
  const groupRows = [1, 2, 4].find((rows) => (rows * tileColumns) % TILE_PIXELS === 0) ?? 1;
  const tiles = Math.min(groupRows, tileRows) * tileColumns;
  const side = positionsOf(scheme);
  const intermediateBytes = side * side * 16;
  const inputPitch = oddLines(tiles * inputs * 4);
  const productPitch = oddLines(tiles * outputs * 4);
  const inputBytes = side * side * inputPitch;
  const productBytes = side * side * productPitch;
  const rowBytes = isQuantized ? OUTPUTS * width * outputs * 4 : 0;
  return {
    tileRows,
    tileColumns,
    groupRows,
    intermediateBytes,
    inputPitch,
    productPitch,
    inputBytes,
    productBytes,
    scratchBytes: intermediateBytes + inputBytes + productBytes + rowBytes,
  };
}

/** Distance between the transformed weights of neighbouring positions. */
export function weightPitch(inputs: number, outputs: number): number {
  return oddLines(inputs * outputs * 4);
}

/**
 * Bytes rounded up to an odd number of cache lines. A transform accesses all positions of a tile in turn; with an even
 * distance they would map to few sets of the first-level cache and evict each other.
 */
function oddLines(bytes: number): number {
  return (Math.ceil(bytes / LINE_BYTES) | 1) * LINE_BYTES;
}
