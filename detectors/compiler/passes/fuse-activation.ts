import { makeNode } from "../graph/builder.ts";
import { factsOf } from "../graph/facts.ts";
import type { Graph } from "../graph/graph.ts";
import { fusibleConvolution, rewrite } from "./rewrite.ts";

/** activation(convolution) → convolution with activation, where nothing else reads the convolution's output. */
export function fuseActivation(graph: Graph): Graph {
  return rewrite(graph, (node, context) => {
    const activation = factsOf(node).activation;
    const conv = fusibleConvolution(node.inputs[0] ?? "", context);
    if (activation === undefined || conv?.attributes.activation !== "none") return undefined;
    return {
      node: makeNode(conv.op, conv.inputs, node.output, { ...conv.attributes, activation }),
      absorbed: [conv],
    };
  });
}
