import { makeNode } from "../graph/builder.ts";
import type { Graph } from "../graph/graph.ts";
import { rewrite } from "./rewrite.ts";

/** x · sigmoid(x) → silu(x), in either order of the factors. */
export function fuseSilu(graph: Graph): Graph {
  return rewrite(graph, (node, { producer, uses }) => {
    if (node.op !== "mul") return undefined;
    const [a = "", b = ""] = node.inputs;
    for (const [x, gate] of [
      [a, b],
      [b, a],
    ] as const) {
      const sigmoid = producer(gate);
      if (sigmoid?.op !== "sigmoid" || sigmoid.inputs[0] !== x) continue;
      return {
        node: makeNode("silu", [x], node.output, {}),
        absorbed: uses(gate) === 1 ? [sigmoid] : [],
      };
    }
    return undefined;
  });
}
