/** Transforms the weights of a Winograd convolution, once, before the first inference. */
import { ELEMENT_BYTES } from "../graph/value.ts";

import type { FunctionReference } from "../wasm/assembler.ts";
import type { KernelContext, MapType } from "./kernel.ts";
import { loadAsFloats } from "./load-floats.ts";
import { add, advance, pointerTo, repeat } from "./loops.ts";
import { TILE_VECTORS } from "./micro-kernel.ts";
import { weightPitch } from "./winograd.ts";
import { WEIGHT_POSITIONS, type WinogradScheme } from "./winograd-schemes.ts";

const KERNEL = 3;
const LANES = TILE_VECTORS * 4;

/**
 * Registers the transformation of the weights at `packed`, [block][3][3][input][8], to [position][block][input][8].
 * @returns the address of the transformed weights, inputs × outputs × 36 floats
 */
export function emitWeightPreparation(
  name: string,
  scheme: WinogradScheme,
  packed: number,
  inputs: number,
  outputs: number,
  dtype: MapType,
  context: KernelContext,
): number {
  const positionBytes = weightPitch(inputs, outputs);
  const transformed = context.reserve(WEIGHT_POSITIONS ** 2 * positionBytes);
  const intermediate = context.reserve(WEIGHT_POSITIONS * KERNEL * 16);
  const tapBytes = inputs * LANES * ELEMENT_BYTES[dtype];
  const transform = emitBlockTransform(scheme, dtype, context);
  const step = context.module.function(`winograd ${name} weights`, [], [], (code) => {
    const raw = pointerTo(code, packed);
    const result = pointerTo(code, transformed);
    repeat(code, outputs / LANES, () => {
      code
        .get(raw)
        .get(result)
        .i32(intermediate)
        .i32(inputs * TILE_VECTORS);
      code.i32(tapBytes).i32(positionBytes).call(transform);
      advance(code, raw, KERNEL ** 2 * tapBytes);
      advance(code, result, inputs * LANES * 4);
    });
  });
  context.prepare(step);
  return transformed;
}

/** The function for one block of outputs, shared by all convolutions of the scheme, so that the engine optimises it soon. */
function emitBlockTransform(
  scheme: WinogradScheme,
  dtype: MapType,
  { module }: KernelContext,
): FunctionReference {
  const parameters = ["raw", "result", "intermediate", "vectors", "tapBytes", "positionBytes"] as const;
  return module.procedure(`${scheme.name} of weights`, parameters, (code, at) => {
    const transform = scheme.prepareWeights(code);
    const rowBytes = code.local("i32");
    const column = code.local("i32");
    const tap = code.local("i32");
    const temporary = code.local("i32");
    const position = code.local("i32");
    code.get(at.tapBytes).i32(KERNEL).op("i32.mul").set(rowBytes);
    repeat(code, at.vectors, () => {
      code.get(at.raw).set(column).get(at.intermediate).set(temporary);
      repeat(code, KERNEL, () => {
        code.get(column).set(tap);
        transform(
          () => {
            loadAsFloats(code, dtype, tap, 0);
            add(code, tap, rowBytes);
          },
          (row, value) => {
            code.get(temporary);
            value();
            code.memory("v128.store", 16 * row * KERNEL);
          },
        );
        add(code, column, at.tapBytes);
        advance(code, temporary, 16);
      });
      code.get(at.result).set(position).get(at.intermediate).set(temporary);
      repeat(code, WEIGHT_POSITIONS, () => {
        transform(
          (index) => void code.get(temporary).memory("v128.load", 16 * index),
          (_, value) => {
            code.get(position);
            value();
            code.memory("v128.store");
            add(code, position, at.positionBytes);
          },
        );
        advance(code, temporary, 16 * KERNEL);
      });
      advance(code, at.raw, 4 * ELEMENT_BYTES[dtype]);
      advance(code, at.result, 16);
    });
  });
}
