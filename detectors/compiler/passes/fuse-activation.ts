import { makeNode } from "../graph/builder.ts";
import type { Graph } from "../graph/graph.ts";
import { ownConvolution, rewrite } from "./rewrite.ts";

/** silu(conv2d) → conv2d with activation, where nothing else looks at the convolution's own output. */
export function fuseActivation(graph: Graph): Graph {
  return rewrite(graph, (node, surroundings) => {
    if (node.op !== "silu") return undefined;
    const conv = ownConvolution(node.inputs[0] ?? "", surroundings);
    if (conv?.attributes.activation !== "none") return undefined;
    return {
      node: makeNode("conv2d", conv.inputs, node.output, { ...conv.attributes, activation: "silu" }),
      absorbed: [conv],
    };
  });
}
