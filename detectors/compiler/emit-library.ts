/** A module without WASI: memory and addresses of its inputs and outputs, and a function that computes the outputs. */
import { ModelError } from "../errors.ts";
import { constantArea } from "./constant-area.ts";
import { ADDRESS, emitNetwork, memoryRequest } from "./emit.ts";
import type { Graph } from "./graph/graph.ts";
import { planMemory } from "./memory/plan.ts";
import type { Target } from "./target.ts";
import { ModuleBuilder } from "./wasm/module.ts";

/** Engines limit a memory to 2 to 4 GB. */
const MAX_MEMORY_BYTES = 2 ** 31;

/**
 * Emits a graph as a library: exports `memory`, the addresses `input_0`… and `output_0`… (i32 globals, 16-byte aligned), and
 * `infer() → i32`, and `reset()` where the graph has states. Numbers are little-endian and row-major without gaps; a bool is a byte.
 */
export function emitLibrary(graph: Graph, target: Target): Uint8Array {
  const plan = planMemory(graph, { ...memoryRequest(graph, []), fixed: new Map() });
  if (plan.endAddress > MAX_MEMORY_BYTES) {
    throw new ModelError(
      `The model needs ${Math.ceil(plan.endAddress / 2 ** 20)} MB of memory; a module can have ${MAX_MEMORY_BYTES / 2 ** 20} MB.`,
      "Export it for smaller inputs.",
    );
  }
  const module = new ModuleBuilder();
  const constants = constantArea(module, plan.endAddress, plan.idleAtStart);
  const { infer, reset } = emitNetwork(module, graph, plan, target, constants);
  const addressOf = (value: string): number => plan.placements.get(value)?.address ?? ADDRESS.arena;
  for (const [index, input] of graph.inputs.entries())
    module.exportAddress(`input_${index}`, addressOf(input));
  for (const [index, output] of graph.outputs.entries())
    module.exportAddress(`output_${index}`, addressOf(output));
  module.exportMemory("memory");
  module.exportFunction("infer", infer);
  if (reset !== undefined) module.exportFunction("reset", reset);
  return module.finish(constants.endAddress());
}
