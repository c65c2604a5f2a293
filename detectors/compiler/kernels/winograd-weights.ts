/** Transforms a 3×3 kernel for Winograd, once, before the first inference. */
import type { DType } from "../graph/graph.ts";
import { ELEMENT_BYTES } from "../memory/layout.ts";
import { TILE_VECTORS } from "./conv2d-tile.ts";
import type { KernelContext } from "./kernel.ts";
import { loadReals } from "./load-reals.ts";
import { advance, pointerTo, repeat } from "./loops.ts";
import { WEIGHT_POSITIONS, type WinogradScheme } from "./winograd-schemes.ts";

const KERNEL = 3;
const LANES = TILE_VECTORS * 4;

/**
 * Has the weights at `packed`, [block][3][3][input][8], transformed to [position][block][input][8].
 * @returns the address of the transformed weights, inputs × outputs × 36 floats
 */
export function emitWeightPreparation(
  name: string,
  scheme: WinogradScheme,
  packed: number,
  inputs: number,
  outputs: number,
  dtype: DType,
  context: KernelContext,
): number {
  const positionBytes = inputs * outputs * 4;
  const transformed = context.reserve(WEIGHT_POSITIONS ** 2 * positionBytes);
  const between = context.reserve(WEIGHT_POSITIONS * KERNEL * 16);
  const tapBytes = inputs * LANES * ELEMENT_BYTES[dtype];
  const step = context.module.function(`winograd ${name} weights`, [], [], (code) => {
    const raw = pointerTo(code, packed);
    const result = pointerTo(code, transformed);
    const temporary = pointerTo(code, between);
    repeat(code, outputs / (4 * TILE_VECTORS), () => {
      repeat(code, inputs * TILE_VECTORS, () => {
        for (let column = 0; column < KERNEL; column++) {
          scheme.transformWeights(
            code,
            (row) => {
              loadReals(code, dtype, raw, (row * KERNEL + column) * tapBytes);
            },
            (row, value) => {
              code.get(temporary);
              value();
              code.memory("v128.store", 16 * (row * KERNEL + column));
            },
          );
        }
        for (let row = 0; row < WEIGHT_POSITIONS; row++) {
          scheme.transformWeights(
            code,
            (column) => {
              code.get(temporary).memory("v128.load", 16 * (row * KERNEL + column));
            },
            (column, value) => {
              code.get(result);
              value();
              code.memory("v128.store", (row * WEIGHT_POSITIONS + column) * positionBytes);
            },
          );
        }
        advance(code, raw, 4 * ELEMENT_BYTES[dtype]);
        advance(code, result, 16);
      });
      advance(code, raw, (KERNEL * KERNEL - 1) * tapBytes);
    });
  });
  context.prepare(step);
  return transformed;
}
