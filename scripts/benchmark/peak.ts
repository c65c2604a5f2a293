/**
 * Measures the limit of this CPU with loops of vector instructions on registers, without loads and stores. No kernel made
 * of these instructions can be faster. Winograd can exceed the limit, since it is credited with multiplications that it
 * saves.
 */
import type { Assembler, Local } from "../../detectors/compiler/wasm/assembler.ts";
import { ModuleBuilder } from "../../detectors/compiler/wasm/module.ts";
import type { PlainName } from "../../detectors/compiler/wasm/opcodes.ts";
import type { Contestant } from "./contestant.ts";

interface Loop {
  /** Instructions whose dependency chains are interleaved, to hide their latency. */
  readonly instructions: readonly PlainName[];
  /** Operations (multiplications and additions) of one instruction of each kind together. */
  readonly operations: number;
}

/** f32: four products and four sums. i16: eight products and four sums, and four additions to an accumulator. */
const LOOPS: Readonly<Record<string, Loop>> = {
  f32: { instructions: ["f32x4.mul", "f32x4.add"], operations: 8 },
  i16: { instructions: ["i32x4.dot_i16x8_s", "i32x4.add"], operations: 16 },
};

/** The chains and their shared operand take 13 of the 16 vector registers of x86-64. */
const CHAINS_PER_INSTRUCTION = 6;
const ROUNDS_PER_CALL = 100_000;
/** Each takes about 5 ms. V8 has no on-stack replacement for WebAssembly: it optimises the loop between calls only. */
const CALLS = 10;

/** Operations that one `infer` of the peak loop computes. */
export function peakOperations(variant: string): number {
  return loopOf(variant).operations * CHAINS_PER_INSTRUCTION * ROUNDS_PER_CALL * CALLS;
}

/** The loop as a contestant. It ignores its image. */
export async function loadPeak(variant: string): Promise<Contestant> {
  const module = await WebAssembly.compile(Uint8Array.from(peakModule(variant)));
  const { run } = (await WebAssembly.instantiate(module)).exports;
  if (typeof run !== "function") throw new TypeError("expected the export run");
  return {
    infer: async () => {
      for (let call = 0; call < CALLS; call++) Reflect.apply(run, undefined, [ROUNDS_PER_CALL]);
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** A module whose `run(rounds)` runs the loop. */
function peakModule(variant: string): Uint8Array {
  const module = new ModuleBuilder();
  const run = module.function("run", ["i32"], ["f32"], (code, ...[rounds]) => {
    if (rounds !== undefined) emitLoop(code, rounds, loopOf(variant));
  });
  module.exportFunction("run", run);
  return module.finish(0);
}

function emitLoop(code: Assembler, rounds: Local, { instructions }: Loop): void {
  const one = code.local("v128");
  code.f32(1).op("f32x4.splat").set(one);
  const chains = instructions.map((instruction) => ({
    instruction,
    links: Array.from({ length: CHAINS_PER_INSTRUCTION }, () => code.local("v128")),
  }));
  // All chains hold different values: the compiler would merge equal ones.
  for (const [index, link] of chains.flatMap(({ links }) => links).entries()) {
    code
      .f32(1 + index)
      .op("f32x4.splat")
      .set(link);
  }
  code.loop((again) => {
    for (let place = 0; place < CHAINS_PER_INSTRUCTION; place++) {
      for (const { instruction, links } of chains) {
        const link = links[place];
        if (link !== undefined) code.get(link).get(one).op(instruction).set(link);
      }
    }
    code.get(rounds).i32(1).op("i32.sub").tee(rounds).brIf(again);
  });
  // The compiler would remove chains without a use.
  const [first, ...others] = chains.flatMap(({ links }) => links);
  if (first === undefined) throw new Error("expected a loop with chains");
  code.get(first);
  for (const link of others) code.get(link).op("f32x4.add");
  code.extractLane(0);
}

function loopOf(variant: string): Loop {
  const loop = LOOPS[variant];
  if (loop === undefined)
    throw new Error(`expected one of ${Object.keys(LOOPS).join(", ")}, received "${variant}"`);
  return loop;
}
