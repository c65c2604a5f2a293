/** The input and output transforms of a Winograd convolution over a row of tiles, and their working memory. */
import { ELEMENT_BYTES } from "../graph/value.ts";

import type { Assembler, FunctionReference, Local } from "../wasm/assembler.ts";
import type { PlacedConvolution } from "./convolution.ts";
import type { KernelContext, MapType } from "./kernel.ts";
import { loadAsFloats } from "./load-floats.ts";
import { add, advance, pushOffset, repeat } from "./loops.ts";
import { planWinograd, type WinogradPlan } from "./winograd.ts";
import { OUTPUTS, positionsOf, type WinogradScheme } from "./winograd-schemes.ts";

/** A plan with addresses. */
export interface Workspace extends WinogradPlan {
  readonly scheme: WinogradScheme;
  /** A tile between the two passes of a transform, [row][column]. */
  readonly intermediate: number;
  readonly inputs: number;
  readonly products: number;
  /** The outputs of one row of tiles before quantization. */
  readonly rows: number;
}

/** Lays out the working memory from the address `intermediate` on. */
export function layOutWorkspace(
  intermediate: number,
  scheme: WinogradScheme,
  { x, y, quantization }: PlacedConvolution,
): Workspace {
  const plan = planWinograd(scheme, [y.height, y.width, y.channels], x.channels, quantization !== undefined);
  const inputs = intermediate + plan.intermediateBytes;
  return {
    ...plan,
    scheme,
    intermediate,
    inputs,
    products: inputs + plan.inputBytes,
    rows: inputs + plan.inputBytes + plan.productBytes,
  };
}

/** Transforms the inputs of one row of tiles; inputs beyond the padding are zeros. */
export function emitInputRow(
  code: Assembler,
  { x, y }: PlacedConvolution,
  { scheme, intermediate, inputPitch }: Workspace,
  height: number,
  { window, inputs }: { readonly window: Local; readonly inputs: number },
  context: KernelContext,
): void {
  const tileBytes = OUTPUTS * scheme.stride * x.pixelBytes;
  forEachTile(y.width, (first, tiles, width) => {
    const transform = emitInputTiles(scheme, x.dtype, height, width, context);
    pushOffset(code, window, first * tileBytes);
    code.i32(inputs + first * x.channels * 4).i32(intermediate);
    for (const number of [tiles, x.channels / 4, x.rowBytes, x.pixelBytes, inputPitch]) code.i32(number);
    code.call(transform);
  });
}

/**
 * The function for neighbouring tiles of one width. Everything that depends on the shapes of a convolution is a parameter, so
 * that all convolutions of a network share a few functions.
 */
function emitInputTiles(
  scheme: WinogradScheme,
  dtype: MapType,
  height: number,
  width: number,
  { module }: KernelContext,
): FunctionReference {
  const side = positionsOf(scheme);
  /** The number of input pixels for this number of outputs. */
  const reach = (outputs: number): number => (outputs - 1) * scheme.stride + 3;
  const name = `${scheme.name}: inputs of ${width}×${height}, ${dtype}`;
  const parameters = [
    ...(["window", "inputs", "intermediate", "tiles"] as const),
    ...(["vectors", "rowBytes", "pixelBytes", "inputPitch"] as const),
  ];
  return module.procedure(name, parameters, (code, at) => {
    const transform = scheme.prepareInputs(code);
    const zero = (): void => void code.f32(0).op("f32x4.splat");
    const corner = code.local("i32");
    const column = code.local("i32");
    const pixel = code.local("i32");
    const temporary = code.local("i32");
    const position = code.local("i32");
    const tileBytes = code.local("i32");
    code
      .get(at.pixelBytes)
      .i32(OUTPUTS * scheme.stride)
      .op("i32.mul")
      .set(tileBytes);
    repeat(code, at.tiles, () => {
      code.get(at.window).set(corner);
      repeat(code, at.vectors, () => {
        code.get(corner).set(column).get(at.intermediate).set(temporary);
        repeat(code, reach(width), () => {
          code.get(column).set(pixel);
          transform(
            (row) => {
              if (row >= reach(height)) {
                zero();
                return;
              }
              loadAsFloats(code, dtype, pixel, 0);
              add(code, pixel, at.rowBytes);
            },
            (row, value) => {
              code.get(temporary);
              value();
              code.memory("v128.store", 16 * row * side);
            },
          );
          add(code, column, at.pixelBytes);
          advance(code, temporary, 16);
        });
        code.get(at.inputs).set(position).get(at.intermediate).set(temporary);
        repeat(code, side, () => {
          transform(
            (index) => {
              if (index < reach(width)) code.get(temporary).memory("v128.load", 16 * index);
              else zero();
            },
            (_, value) => {
              code.get(position);
              value();
              code.memory("v128.store");
              add(code, position, at.inputPitch);
            },
          );
          advance(code, temporary, 16 * side);
        });
        advance(code, corner, 4 * ELEMENT_BYTES[dtype]);
        advance(code, at.inputs, 16);
      });
      add(code, at.window, tileBytes);
    });
  });
}

/** The destination of a row of tiles: float pixels of `channels` channels. */
export interface OutputMap {
  readonly width: number;
  readonly channels: number;
  readonly pixelBytes: number;
  readonly rowBytes: number;
}

/**
 * Transforms the products of one row of tiles to outputs and adds the bias; outputs outside the map are omitted.
 * @param bias an address; undefined: no bias
 */
export function emitOutputRow(
  code: Assembler,
  y: OutputMap,
  { scheme, intermediate, productPitch }: Workspace,
  height: number,
  { products, output, bias }: { readonly products: number; readonly output: Local; readonly bias?: number },
  context: KernelContext,
): void {
  forEachTile(y.width, (first, tiles, width) => {
    const transform = emitOutputTiles(scheme, height, width, bias !== undefined, context);
    code.i32(products + first * y.channels * 4);
    pushOffset(code, output, first * OUTPUTS * y.pixelBytes);
    const numbers = [intermediate, tiles, y.channels / 4, y.rowBytes, y.pixelBytes, productPitch, bias ?? 0];
    for (const number of numbers) code.i32(number);
    code.call(transform);
  });
}

/** The function for neighbouring tiles of one width. */
function emitOutputTiles(
  scheme: WinogradScheme,
  height: number,
  width: number,
  hasBias: boolean,
  { module }: KernelContext,
): FunctionReference {
  const side = positionsOf(scheme);
  const name = `${scheme.name}: outputs of ${width}×${height}`;
  const parameters = [
    ...(["products", "output", "intermediate", "tiles", "vectors"] as const),
    ...(["rowBytes", "pixelBytes", "productPitch", "bias"] as const),
  ];
  return module.procedure(name, parameters, (code, at) => {
    const transform = scheme.prepareOutputs(code);
    const rowPitch = code.local("i32");
    const bias = code.local("i32");
    const corner = code.local("i32");
    const row = code.local("i32");
    const pixel = code.local("i32");
    const column = code.local("i32");
    const product = code.local("i32");
    const temporary = code.local("i32");
    const tileBytes = code.local("i32");
    code.get(at.productPitch).i32(side).op("i32.mul").set(rowPitch);
    code.get(at.pixelBytes).i32(OUTPUTS).op("i32.mul").set(tileBytes);
    repeat(code, at.tiles, () => {
      code.get(at.output).set(corner).get(at.bias).set(bias);
      repeat(code, at.vectors, () => {
        code.get(at.products).set(column).get(at.intermediate).set(temporary);
        repeat(code, side, () => {
          code.get(column).set(product);
          transform(
            () => {
              code.get(product).memory("v128.load");
              add(code, product, rowPitch);
            },
            (index, value) => {
              if (index >= height) return;
              code.get(temporary);
              value();
              code.memory("v128.store", 16 * index * side);
            },
          );
          add(code, column, at.productPitch);
          advance(code, temporary, 16);
        });
        code.get(corner).set(row).get(at.intermediate).set(temporary);
        repeat(code, height, () => {
          code.get(row).set(pixel);
          transform(
            (index) => void code.get(temporary).memory("v128.load", 16 * index),
            (index, value) => {
              if (index >= width) return;
              code.get(pixel);
              value();
              if (hasBias) code.get(bias).memory("v128.load").op("f32x4.add");
              code.memory("v128.store");
              add(code, pixel, at.pixelBytes);
            },
          );
          add(code, row, at.rowBytes);
          advance(code, temporary, 16 * side);
        });
        advance(code, at.products, 16);
        advance(code, corner, 16);
        if (hasBias) advance(code, bias, 16);
      });
      add(code, at.output, tileBytes);
    });
  });
}

/** First all whole tiles, then the partial tile at the right edge. */
function forEachTile(width: number, emit: (first: number, tiles: number, width: number) => void): void {
  const whole = Math.floor(width / OUTPUTS);
  if (whole > 0) emit(0, whole, OUTPUTS);
  if (width % OUTPUTS > 0) emit(whole, 1, width % OUTPUTS);
}
