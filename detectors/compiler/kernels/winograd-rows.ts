/** The two transforms of a Winograd convolution over a row of tiles, and the memory they work in. */
import { ELEMENT_BYTES } from "../memory/layout.ts";
import type { FunctionReference } from "../wasm/assembler.ts";
import type { Convolution } from "./conv2d-tile.ts";
import type { KernelContext } from "./kernel.ts";
import { loadReals } from "./load-reals.ts";
import { advance, pointerTo, repeat } from "./loops.ts";
import { planWinograd, type WinogradPlan } from "./winograd.ts";
import { OUTPUTS, positionsOf, type WinogradScheme } from "./winograd-schemes.ts";

/** The plan with its addresses, and how far the positions lie apart. */
export interface Workspace extends WinogradPlan {
  readonly scheme: WinogradScheme;
  /** A tile between the two passes of a transform, [row][column]. */
  readonly between: number;
  readonly inputs: number;
  readonly products: number;
  /** Where the outputs of one row of tiles wait to be made whole numbers. */
  readonly rows: number;
  readonly inputPitch: number;
  readonly productPitch: number;
}

/** Lays the working memory out from the address `between` on. */
export function layOutWorkspace(
  between: number,
  scheme: WinogradScheme,
  { x, y, quantization }: Convolution,
): Workspace {
  const plan = planWinograd(scheme, [y.height, y.width, y.channels], x.channels, quantization !== undefined);
  const inputs = between + plan.betweenBytes;
  const positions = positionsOf(scheme) ** 2;
  return {
    ...plan,
    scheme,
    between,
    inputs,
    products: inputs + plan.inputBytes,
    rows: inputs + plan.inputBytes + plan.productBytes,
    inputPitch: plan.inputBytes / positions,
    productPitch: plan.productBytes / positions,
  };
}

/** (window, inputs): transforms the inputs of one row of tiles; beyond the picture's padding there are zeros. */
export function emitInputRow(
  { name, x, y }: Convolution,
  { scheme, between, inputPitch }: Workspace,
  height: number,
  context: KernelContext,
): FunctionReference {
  const side = positionsOf(scheme);
  /** Input pixels that so many outputs look at. */
  const reach = (outputs: number): number => (outputs - 1) * scheme.stride + 3;
  return context.module.function(
    `winograd ${name} inputs×${height}`,
    ["i32", "i32"],
    [],
    (code, window, inputs) => {
      if (!window || !inputs) throw new Error("an input row has two parameters");
      const temporary = pointerTo(code, between);
      forEachTile(y.width, (tiles, width) =>
        repeat(code, tiles, () => {
          repeat(code, x.channels / 4, () => {
            const zero = (): void => void code.f32(0).op("f32x4.splat");
            for (let column = 0; column < reach(width); column++) {
              scheme.transformInputs(
                code,
                (row) => {
                  if (row >= reach(height)) zero();
                  else loadReals(code, x.dtype, window, row * x.rowBytes + column * x.pixelBytes);
                },
                (row, value) => {
                  code.get(temporary);
                  value();
                  code.memory("v128.store", 16 * (row * side + column));
                },
              );
            }
            for (let row = 0; row < side; row++) {
              scheme.transformInputs(
                code,
                (column) => {
                  if (column >= reach(width)) zero();
                  else code.get(temporary).memory("v128.load", 16 * (row * side + column));
                },
                (column, value) => {
                  code.get(inputs);
                  value();
                  code.memory("v128.store", (row * side + column) * inputPitch);
                },
              );
            }
            advance(code, window, 4 * ELEMENT_BYTES[x.dtype]);
            advance(code, inputs, 16);
          });
          advance(code, window, OUTPUTS * scheme.stride * x.pixelBytes - x.channels * ELEMENT_BYTES[x.dtype]);
        }),
      );
    },
  );
}

/** Where a row of tiles goes: pixels and rows of floats, `channels` each. */
export interface OutputMap {
  readonly width: number;
  readonly channels: number;
  readonly pixelBytes: number;
  readonly rowBytes: number;
}

/**
 * (products, output): transforms one row of tiles back and adds the bias; what lies outside the picture is left out.
 * @param biasAddress undefined: there is nothing to add
 */
export function emitOutputRow(
  name: string,
  y: OutputMap,
  { scheme, between, productPitch }: Workspace,
  biasAddress: number | undefined,
  height: number,
  context: KernelContext,
): FunctionReference {
  const side = positionsOf(scheme);
  return context.module.function(
    `winograd ${name} outputs×${height}`,
    ["i32", "i32"],
    [],
    (code, products, output) => {
      if (!products || !output) throw new Error("an output row has two parameters");
      const temporary = pointerTo(code, between);
      const bias = code.local("i32");
      forEachTile(y.width, (tiles, width) =>
        repeat(code, tiles, () => {
          code.i32(biasAddress ?? 0).set(bias);
          repeat(code, y.channels / 4, () => {
            for (let column = 0; column < side; column++) {
              scheme.transformOutputs(
                code,
                (row) => {
                  code.get(products).memory("v128.load", (row * side + column) * productPitch);
                },
                (row, value) => {
                  if (row >= height) return;
                  code.get(temporary);
                  value();
                  code.memory("v128.store", 16 * (row * side + column));
                },
              );
            }
            for (let row = 0; row < height; row++) {
              scheme.transformOutputs(
                code,
                (column) => {
                  code.get(temporary).memory("v128.load", 16 * (row * side + column));
                },
                (column, value) => {
                  if (column >= width) return;
                  code.get(output);
                  value();
                  if (biasAddress !== undefined) code.get(bias).memory("v128.load").op("f32x4.add");
                  code.memory("v128.store", row * y.rowBytes + column * y.pixelBytes);
                },
              );
            }
            advance(code, products, 16);
            advance(code, output, 16);
            advance(code, bias, 16);
          });
          advance(code, output, OUTPUTS * y.pixelBytes - 4 * y.channels);
        }),
      );
    },
  );
}

/** Whole tiles first, then the one that the right edge cuts. */
function forEachTile(width: number, emit: (tiles: number, width: number) => void): void {
  emit(Math.floor(width / OUTPUTS), OUTPUTS);
  if (width % OUTPUTS > 0) emit(1, width % OUTPUTS);
}
