import { factsOf } from "./facts.ts";
import type { Graph } from "./graph.ts";

/**
 * Pixels of the input per cell of the network's coarsest feature map. Input sizes that are multiples of it divide evenly at
 * every stride. Averages over the whole map do not count.
 */
export function coarsestStride({ inputs, nodes }: Graph): number {
  const strides = new Map(inputs.map((input) => [input, 1]));
  for (const node of nodes) {
    const finest = Math.max(...node.inputs.map((value) => strides.get(value) ?? 0));
    strides.set(node.output, finest * factsOf(node).stride);
  }
  return Math.max(...strides.values());
}
