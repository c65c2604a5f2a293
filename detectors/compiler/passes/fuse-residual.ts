import { makeNode } from "../graph/builder.ts";
import type { Graph } from "../graph/graph.ts";
import { fusibleConv2d, rewrite } from "./rewrite.ts";

/**
 * conv2d + other → conv2d with `other` as its residual (YOLOv5's bottlenecks). The fused node stands where the sum
 * stood, so `other` is there before it. Where both are convolutions the second operand is taken.
 */
export function fuseResidual(graph: Graph): Graph {
  return rewrite(graph, (node, context) => {
    if (node.op !== "add") return undefined;
    const [a = "", b = ""] = node.inputs;
    for (const [value, other] of [
      [b, a],
      [a, b],
    ] as const) {
      const conv = fusibleConv2d(value, context);
      const sameShape = graph.values.get(other)?.shape.length === 3;
      if (!conv || !sameShape) continue;
      const [x = "", weights = "", bias = zeroBias(weights)] = conv.inputs;
      const inputs = [x, weights, bias, other];
      return { node: makeNode("conv2d", inputs, node.output, conv.attributes), absorbed: [conv] };
    }
    return undefined;

    /** Inputs are told apart by position: a residual needs a bias in front of it. */
    function zeroBias(weights: string): string {
      const channels = graph.values.get(weights)?.shape[0] ?? 0;
      return context.addConstant(`${node.output}.bias`, {
        shape: [channels],
        data: new Float32Array(channels),
      });
    }
  });
}
