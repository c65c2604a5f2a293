/** Converts binary16 numbers to floats, once, before the first inference. */
import type { FunctionReference } from "../wasm/assembler.ts";
import type { ModuleBuilder } from "../wasm/module.ts";
import { advance, repeat } from "./loops.ts";

/** Numbers per iteration. */
export const GROUP = 8;

/**
 * Corrects the exponent bias, 127 instead of 15, of a float that has the sign, exponent field and fraction of a binary16
 * number. Also exact for subnormals, because it is a power of two.
 */
export const SCALE = 2 ** (127 - 15);

/** Numbers in memory as binary16, and the address for the floats. The two may overlap if the target begins first. */
export interface HalfNumbers {
  readonly source: number;
  readonly target: number;
  readonly blocks: number;
  /** Groups of eight numbers per block. */
  readonly groups: number;
  /** Address of blocks × 8 floats: the factor of each number in a group, times `SCALE`. */
  readonly factors: number;
}

/** Emits the function that widens all numbers. */
export function emitWidening(module: ModuleBuilder, all: readonly HalfNumbers[]): FunctionReference {
  const block = emitBlock(module);
  return module.function("widen", [], [], (code) => {
    const [source, target, factors] = [code.local("i32"), code.local("i32"), code.local("i32")];
    for (const numbers of all) {
      code.i32(numbers.source).set(source).i32(numbers.target).set(target).i32(numbers.factors).set(factors);
      repeat(code, numbers.blocks, () => {
        code.get(source).get(target).get(factors).i32(numbers.groups).call(block);
        advance(code, source, numbers.groups * GROUP * 2);
        advance(code, target, numbers.groups * GROUP * 4);
        advance(code, factors, GROUP * 4);
      });
    }
  });
}

/** (source, target, factors, groups) */
function emitBlock(module: ModuleBuilder): FunctionReference {
  return module.function("widen block", ["i32", "i32", "i32", "i32"], [], (code, ...parameters) => {
    const [source, target, factors, groups] = parameters;
    if (!source || !target || !factors || !groups) throw new Error("a block function has four parameters");
    const [low, high, fields] = [code.local("v128"), code.local("v128"), code.local("v128")];
    code.get(factors).memory("v128.load").set(low).get(factors).memory("v128.load", 16).set(high);
    // Masks sign, exponent and fraction in a sign-extended number that is shifted into a float's position.
    code
      .i32(0x8fffe000 | 0)
      .op("i32x4.splat")
      .set(fields);
    code.loop((again) => {
      for (const [index, factor] of [low, high].entries()) {
        code
          .get(target)
          .get(source)
          .memory("v128.load16x4_s", 8 * index);
        code.i32(13).op("i32x4.shl").get(fields).op("v128.and").get(factor).op("f32x4.mul");
        code.memory("v128.store", 16 * index);
      }
      advance(code, source, GROUP * 2);
      advance(code, target, GROUP * 4);
      code.get(groups).i32(1).op("i32.sub").tee(groups).brIf(again);
    });
  });
}
