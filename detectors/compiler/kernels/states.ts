/** Code that lets the states of a graph last from one inference to the next. */
import type { State } from "../graph/graph.ts";
import type { FunctionReference } from "../wasm/assembler.ts";
import type { KernelContext } from "./kernel.ts";
import { emitNest } from "./nest.ts";
import { tensorInMemory } from "./operand.ts";

export interface StateFunctions {
  /** () → (): puts the next value of every state into its place, after an inference. */
  readonly keep: FunctionReference;
  /** () → (): gives every state its initial value. */
  readonly reset: FunctionReference;
}

/** Emits the functions of a graph's states; undefined when it has none. Memory is expected to start as zeros. */
export function emitStates(states: readonly State[], context: KernelContext): StateFunctions | undefined {
  if (states.length === 0) return undefined;
  const { module } = context;
  const copy = (name: string, sourceOf: (state: State) => string | undefined): FunctionReference =>
    module.function(name, [], [], (code) => {
      for (const state of states) {
        const output = tensorInMemory(context, state.value);
        const source = sourceOf(state);
        const inputs = source === undefined ? [] : [tensorInMemory(context, source)];
        const zero = code.local(output.dtype === "f32" ? "v128" : "i32");
        emitNest(code, { sizes: output.shape, output, inputs }, ([number]) => void code.get(number ?? zero));
      }
    });
  const reset = copy("reset", ({ initial }) => initial);
  if (states.some(({ initial }) => initial !== undefined)) context.prepare(reset);
  return { keep: copy("keep states", ({ next }) => next), reset };
}
