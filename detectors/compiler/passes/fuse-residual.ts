import { makeNode } from "../graph/builder.ts";
import { typeOf } from "../graph/facts.ts";
import type { Graph } from "../graph/graph.ts";
import { floats } from "../graph/value.ts";
import { sameShape } from "../ops/shapes.ts";
import { fusibleConv2d, rewrite } from "./rewrite.ts";

/**
 * conv2d + another feature map of the same shape → conv2d with that map as its residual (YOLOv5's bottlenecks). The fused node
 * takes the position of the sum, so the map is computed before it. Where both operands are convolutions, the second is fused.
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
      const { shape } = typeOf(graph, node.output);
      const isEach =
        shape.length === 3 && [value, other].every((x) => sameShape(typeOf(graph, x).shape, shape));
      // The kernel reads a residual from the arena, where constants are not.
      if (!conv || !isEach || graph.constants.has(other)) continue;
      const [x = "", weights = "", bias = zeroBias(weights)] = conv.inputs;
      const inputs = [x, weights, bias, other];
      return { node: makeNode("conv2d", inputs, node.output, conv.attributes), absorbed: [conv] };
    }
    return undefined;

    /** Inputs are positional: a residual needs a bias before it. */
    function zeroBias(weights: string): string {
      const channels = graph.values.get(weights)?.shape[0] ?? 0;
      return context.addConstant(`${node.output}.bias`, floats([channels], new Float32Array(channels)));
    }
  });
}
