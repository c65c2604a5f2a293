/**
 * Winograd's minimal filtering F(4×4, 3×3): 36 products for 16 outputs where the direct way needs 144 (Lavin and Gray,
 * "Fast Algorithms for Convolutional Neural Networks", 2016, arXiv:1509.09308, section 4.3). This file says for which
 * convolutions it is used, how much memory it needs, and holds its three transforms in one dimension.
 */
import type { Shape, ValueType } from "../graph/graph.ts";
import type { Assembler, Local } from "../wasm/assembler.ts";
import { type Conv2dNode, TILE_PIXELS, TILE_VECTORS } from "./conv2d-tile.ts";

/** Output pixels of a tile along each axis. */
export const OUTPUTS = 4;
/** Input pixels of a tile along each axis: outputs + kernel − 1. */
export const INPUTS = 6;
/** Products per tile and pair of channels. */
export const POSITIONS = INPUTS * INPUTS;

/** How the tiles of a convolution are worked off: `groupRows` rows of them at a time. */
export interface WinogradPlan {
  readonly tileRows: number;
  readonly tileColumns: number;
  readonly groupRows: number;
  /** Transformed inputs and products of one group, [position][tile][channel] each, and a tile between its two passes. */
  readonly inputBytes: number;
  readonly productBytes: number;
  /** The reals of one row of tiles, where the output is not stored as reals. */
  readonly rowBytes: number;
  readonly scratchBytes: number;
}

/** Whether this convolution is a 3×3 of stride 1 whose channels fill the micro-kernel's vectors. */
export function usesWinograd(node: Conv2dNode, type: (value: string) => ValueType): boolean {
  const [x = "", weights = ""] = node.inputs;
  const [outputs = 0, kernelHeight, kernelWidth, inputs = 0] = type(weights).shape;
  const [height = 0, width = 0] = type(node.output).shape;
  return (
    // Sixteen products of bytes in one instruction are faster than a quarter of the products as floats.
    type(x).dtype !== "u7" &&
    kernelHeight === 3 &&
    kernelWidth === 3 &&
    node.attributes.stride === 1 &&
    inputs % 4 === 0 &&
    outputs % (4 * TILE_VECTORS) === 0 &&
    height >= OUTPUTS &&
    width >= OUTPUTS
  );
}

/** Plans the tiles of an output of [height, width, outputs] from `inputs` channels. */
export function planWinograd(
  [height = 0, width = 0, outputs = 0]: Shape,
  inputs: number,
  isQuantized: boolean,
): WinogradPlan {
  const tileRows = Math.ceil(height / OUTPUTS);
  const tileColumns = Math.ceil(width / OUTPUTS);
  // The micro-kernel takes four tiles at a time: as many rows together as it takes to make that come out even.
  const groupRows = [1, 2, 4].find((rows) => (rows * tileColumns) % TILE_PIXELS === 0) ?? 1;
  const tiles = Math.min(groupRows, tileRows) * tileColumns;
  const inputBytes = POSITIONS * tiles * inputs * 4;
  const productBytes = POSITIONS * tiles * outputs * 4;
  const rowBytes = isQuantized ? OUTPUTS * width * outputs * 4 : 0;
  const scratchBytes = POSITIONS * 16 + inputBytes + productBytes + rowBytes;
  return { tileRows, tileColumns, groupRows, inputBytes, productBytes, rowBytes, scratchBytes };
}

/** Puts one of the transform's inputs on the stack. */
export type Load = (index: number) => void;
/** Wraps the emission of one of the transform's outputs: puts an address under it and stores it. */
export type Store = (index: number, value: () => void) => void;

/** Bᵀ: six inputs to six. */
export function emitInputTransform(code: Assembler, load: Load, store: Store): void {
  const d = Array.from({ length: INPUTS }, (_, index) => loaded(code, load, index));
  const [d0, d1, d2, d3, d4, d5] = d;
  if (!d0 || !d1 || !d2 || !d3 || !d4 || !d5) throw new Error("the input transform takes six values");
  const even = code.local("v128");
  const odd = code.local("v128");
  store(0, () => {
    scaled(code, d0, 4);
    scaled(code, d2, -5);
    code.op("f32x4.add").get(d4).op("f32x4.add");
  });
  code.get(d4);
  scaled(code, d2, -4);
  code.op("f32x4.add").set(even).get(d3);
  scaled(code, d1, -4);
  code.op("f32x4.add").set(odd);
  store(1, () => code.get(even).get(odd).op("f32x4.add"));
  store(2, () => code.get(even).get(odd).op("f32x4.sub"));
  code.get(d4).get(d2).op("f32x4.sub").set(even);
  code.get(d3).get(d1).op("f32x4.sub").set(odd);
  store(3, () => twice(code.get(even), odd).op("f32x4.add"));
  store(4, () => twice(code.get(even), odd).op("f32x4.sub"));
  store(5, () => {
    scaled(code, d1, 4);
    scaled(code, d3, -5);
    code.op("f32x4.add").get(d5).op("f32x4.add");
  });
}

/** Aᵀ: six products to four outputs. */
export function emitOutputTransform(code: Assembler, load: Load, store: Store): void {
  const m = Array.from({ length: INPUTS }, (_, index) => loaded(code, load, index));
  const [m0, m1, m2, m3, m4, m5] = m;
  if (!m0 || !m1 || !m2 || !m3 || !m4 || !m5) throw new Error("the output transform takes six values");
  const near = code.local("v128");
  const far = code.local("v128");
  code.get(m1).get(m2).op("f32x4.add").set(near);
  code.get(m3).get(m4).op("f32x4.add").set(far);
  store(0, () => code.get(m0).get(near).op("f32x4.add").get(far).op("f32x4.add"));
  store(2, () => {
    code.get(near);
    scaled(code, far, 4);
    code.op("f32x4.add");
  });
  code.get(m1).get(m2).op("f32x4.sub").set(near);
  code.get(m3).get(m4).op("f32x4.sub").set(far);
  store(1, () => twice(code.get(near), far).op("f32x4.add"));
  store(3, () => {
    code.get(near);
    scaled(code, far, 8);
    code.op("f32x4.add").get(m5).op("f32x4.add");
  });
}

/** G: three weights to six. */
export function emitWeightTransform(code: Assembler, load: Load, store: Store): void {
  const g = Array.from({ length: 3 }, (_, index) => loaded(code, load, index));
  const [g0, g1, g2] = g;
  if (!g0 || !g1 || !g2) throw new Error("the weight transform takes three values");
  store(0, () => scaled(code, g0, 1 / 4));
  for (const [index, sign] of [
    [1, 1],
    [2, -1],
  ] as const) {
    store(index, () => {
      scaled(code, g0, -1 / 6);
      scaled(code, g1, -sign / 6);
      scaled(code, g2, -1 / 6);
      code.op("f32x4.add").op("f32x4.add");
    });
  }
  for (const [index, sign] of [
    [3, 1],
    [4, -1],
  ] as const) {
    store(index, () => {
      scaled(code, g0, 1 / 24);
      scaled(code, g1, sign / 12);
      scaled(code, g2, 1 / 6);
      code.op("f32x4.add").op("f32x4.add");
    });
  }
  store(5, () => code.get(g2));
}

function loaded(code: Assembler, load: Load, index: number): Local {
  const local = code.local("v128");
  load(index);
  code.set(local);
  return local;
}

function scaled(code: Assembler, value: Local, factor: number): void {
  code.get(value).f32(factor).op("f32x4.splat").op("f32x4.mul");
}

function twice(code: Assembler, value: Local): Assembler {
  return code.get(value).get(value).op("f32x4.add");
}
