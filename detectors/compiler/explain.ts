/** Where a compiled network spends its time: layer by layer, measured in this process's engine. */

import { plainText } from "../plain-text.ts";
import type { CompiledModel } from "./compile.ts";
import { constantArea } from "./constant-area.ts";
import { emitNetwork } from "./emit.ts";
import { type Graph, isConvolution, type Node, type Shape, type ValueType } from "./graph/graph.ts";
import { winogradScheme } from "./kernels/winograd.ts";
import { elements } from "./ops/operator.ts";
import type { Target } from "./target.ts";
import { ModuleBuilder } from "./wasm/module.ts";

/** One node of the compiled graph. */
export interface Layer {
  readonly output: string;
  readonly op: Node["op"];
  /** How it is computed, and on which numbers. */
  readonly kernel: string;
  readonly shape: Shape;
  /** Additions and multiplications of the plain definition: a kernel that saves some is credited with all. */
  readonly flops: number;
  /** The quickest of some runs, milliseconds. */
  readonly ms: number;
  /** Of the whole network's time, 0..1. */
  readonly share: number;
}

const WARM_UP_ROUNDS = 6;
const ROUNDS = 12;

/**
 * Runs every layer by itself and tells what it cost. The picture is black: nothing is found, and what only objects cost is
 * left out.
 * @throws WebAssembly.CompileError where this engine lacks what the target needs.
 */
export function explain({ graph, plan }: CompiledModel, target: Target): readonly Layer[] {
  const module = new ModuleBuilder();
  const constants = constantArea(module, plan.endAddress, plan.idleAtStart);
  const { infer, steps } = emitNetwork(module, graph, plan, target, constants);
  module.exportFunction("infer", infer);
  for (const [index, { run }] of steps.entries()) module.exportFunction(`step ${index}`, run);
  const bytes = Uint8Array.from(module.finish(constants.endAddress()));
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  const call = (name: string): void => {
    const run = exports[name];
    if (typeof run === "function") Reflect.apply(run, undefined, [1, 1]);
  };

  for (let round = 0; round < WARM_UP_ROUNDS; round++) call("infer");
  const quickest = steps.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < ROUNDS; round++) {
    for (const index of steps.keys()) {
      const startMs = performance.now();
      call(`step ${index}`);
      quickest[index] = Math.min(quickest[index] ?? 0, performance.now() - startMs);
    }
  }
  const total = quickest.reduce((sum, ms) => sum + ms, 0);
  return graph.nodes.map((node) => {
    const ms = steps.reduce((sum, step, index) => sum + (step.node === node ? (quickest[index] ?? 0) : 0), 0);
    return {
      output: plainText(node.output),
      op: node.op,
      kernel: kernelOf(node, graph),
      shape: typeOf(graph, node.output).shape,
      flops: flopsOf(node, graph),
      ms,
      share: ms / total,
    };
  });
}

function kernelOf(node: Node, graph: Graph): string {
  const type = (value: string) => typeOf(graph, value);
  const { dtype } = type(node.inputs[0] ?? "");
  if (node.op !== "conv2d" && node.op !== "quantized_conv2d") return dtype;
  const scheme = winogradScheme(node, type);
  return scheme === undefined ? `direct, ${dtype}` : `${scheme.name}, ${dtype} as f32`;
}

function flopsOf(node: Node, graph: Graph): number {
  if (!isConvolution(node)) return 0;
  const [height = 0, width = 0] = typeOf(graph, node.output).shape;
  return 2 * height * width * elements(typeOf(graph, node.inputs[1] ?? "").shape);
}

function typeOf({ values }: Graph, value: string): ValueType {
  const type = values.get(value);
  if (type === undefined) throw new Error(`${value} has no type`);
  return type;
}
