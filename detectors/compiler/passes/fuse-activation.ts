import { makeNode } from "../graph/builder.ts";
import type { Activation, Graph, Node } from "../graph/graph.ts";
import { fusibleConvolution, rewrite } from "./rewrite.ts";

/** activation(convolution) → convolution with activation, where nothing else reads the convolution's output. */
export function fuseActivation(graph: Graph): Graph {
  return rewrite(graph, (node, context) => {
    const activation = activationOf(node);
    const conv = fusibleConvolution(node.inputs[0] ?? "", context);
    if (activation === undefined || conv?.attributes.activation !== "none") return undefined;
    return {
      node: makeNode(conv.op, conv.inputs, node.output, { ...conv.attributes, activation }),
      absorbed: [conv],
    };
  });
}

/** A node as the activation of a convolution. */
function activationOf(node: Node): Activation | undefined {
  switch (node.op) {
    case "silu":
    case "relu":
    case "relu6":
      return node.op;
    case "hard_swish":
      return { hardSwish: node.attributes.slope };
    default:
      return undefined;
  }
}
