/** Transforms a 3×3 kernel for Winograd, once, before the first inference. */
import type { DType } from "../graph/graph.ts";
import { ELEMENT_BYTES } from "../memory/layout.ts";
import type { FunctionReference } from "../wasm/assembler.ts";
import type { KernelContext } from "./kernel.ts";
import { loadReals } from "./load-reals.ts";
import { add, advance, repeat } from "./loops.ts";
import { TILE_VECTORS } from "./micro-kernel.ts";
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
  const transform = emitWeightTransform(scheme, dtype, context);
  const step = context.module.function(`winograd ${name} weights`, [], [], (code) => {
    code.i32(packed).i32(transformed).i32(between);
    code
      .i32(outputs / LANES)
      .i32(inputs * TILE_VECTORS)
      .i32(tapBytes)
      .i32(positionBytes);
    code.call(transform);
  });
  context.prepare(step);
  return transformed;
}

/** (raw, result, between, blocks, vectors, tapBytes, positionBytes): for every convolution of this scheme. */
function emitWeightTransform(
  scheme: WinogradScheme,
  dtype: DType,
  { module }: KernelContext,
): FunctionReference {
  const params = Array.from({ length: 7 }, () => "i32" as const);
  return module.function(`${scheme.name} of weights`, params, [], (code, ...parameters) => {
    const [raw, result, between, blocks, vectors, tapBytes, positionBytes] = parameters;
    if (!raw || !result || !between || !blocks || !vectors || !tapBytes || !positionBytes) {
      throw new Error("the weights' transform has seven parameters");
    }
    const transform = scheme.prepareWeights(code);
    const tap = code.local("i32");
    const temporary = code.local("i32");
    const position = code.local("i32");
    const vectorBytes = 4 * ELEMENT_BYTES[dtype];
    repeat(code, blocks, () => {
      repeat(code, vectors, () => {
        code.get(between).set(temporary);
        for (let column = 0; column < KERNEL; column++) {
          code.get(raw).get(tapBytes).i32(column).op("i32.mul").op("i32.add").set(tap);
          transform(
            () => {
              loadReals(code, dtype, tap, 0);
              code.get(tap).get(tapBytes).i32(KERNEL).op("i32.mul").op("i32.add").set(tap);
            },
            (row, value) => {
              code.get(temporary);
              value();
              code.memory("v128.store", 16 * (row * KERNEL + column));
            },
          );
        }
        code.get(result).set(position);
        repeat(code, WEIGHT_POSITIONS, () => {
          transform(
            (column) => void code.get(temporary).memory("v128.load", 16 * column),
            (_, value) => {
              code.get(position);
              value();
              code.memory("v128.store");
              add(code, position, positionBytes);
            },
          );
          advance(code, temporary, 16 * KERNEL);
        });
        advance(code, raw, vectorBytes);
        advance(code, result, 16);
      });
      code
        .get(raw)
        .get(tapBytes)
        .i32(KERNEL ** 2 - 1)
        .op("i32.mul")
        .op("i32.add")
        .set(raw);
    });
  });
}
