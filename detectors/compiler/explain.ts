/** Measures the time of each layer of a compiled network in this process's engine. */

import { plainText } from "../plain-text.ts";
import type { CompiledModel } from "./compile.ts";
import { constantArea } from "./constant-area.ts";
import { emitNetwork, setParameters } from "./emit.ts";
import { multiplicationsOf, typeOf } from "./graph/facts.ts";
import type { Node } from "./graph/graph.ts";
import type { Shape } from "./graph/value.ts";
import { kernelNameOf } from "./kernels/index.ts";
import type { Target } from "./target.ts";
import { ModuleBuilder } from "./wasm/module.ts";

/** One node of the compiled graph. */
export interface Layer {
  readonly output: string;
  readonly op: Node["op"];
  /** How it is computed, and from which number type. */
  readonly kernel: string;
  readonly shape: Shape;
  /** Additions and multiplications of the plain definition, even where the kernel needs fewer. */
  readonly flops: number;
  /** The fastest of several runs, in milliseconds. */
  readonly ms: number;
  /** Fraction of the whole network's time, 0..1. */
  readonly share: number;
}

const WARM_UP_ROUNDS = 6;
const ROUNDS = 12;

/**
 * Runs every layer separately and measures its time. The image is black and has no objects, so the time that only objects
 * cost is not included.
 * @throws WebAssembly.CompileError when this engine lacks a feature of the target.
 */
export function explain({ graph, plan }: CompiledModel, target: Target): readonly Layer[] {
  const module = new ModuleBuilder();
  const constants = constantArea(module, plan.endAddress, plan.idleAtStart);
  const { infer, steps } = emitNetwork(module, graph, plan, target, constants);
  module.exportFunction("infer", infer);
  module.exportMemory("memory");
  for (const [index, { run }] of steps.entries()) module.exportFunction(`step ${index}`, run);
  const bytes = Uint8Array.from(module.finish(constants.endAddress()));
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  const call = (name: string): void => {
    const run = exports[name];
    if (typeof run === "function") Reflect.apply(run, undefined, []);
  };
  if (exports.memory instanceof WebAssembly.Memory) setParameters(exports.memory, [1, 1]);

  for (let round = 0; round < WARM_UP_ROUNDS; round++) call("infer");
  const fastest = steps.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < ROUNDS; round++) {
    for (const index of steps.keys()) {
      const startMs = performance.now();
      call(`step ${index}`);
      fastest[index] = Math.min(fastest[index] ?? 0, performance.now() - startMs);
    }
  }
  const total = fastest.reduce((sum, ms) => sum + ms, 0);
  return graph.nodes.map((node) => {
    const ms = steps.reduce((sum, step, index) => sum + (step.node === node ? (fastest[index] ?? 0) : 0), 0);
    return {
      output: plainText(node.output),
      op: node.op,
      kernel: kernelNameOf(node, (value) => typeOf(graph, value)),
      shape: typeOf(graph, node.output).shape,
      flops: 2 * multiplicationsOf(node, graph),
      ms,
      share: ms / total,
    };
  });
}
