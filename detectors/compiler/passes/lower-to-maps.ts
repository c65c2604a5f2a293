import { type Graph, type Node, resultsOf } from "../graph/graph.ts";
import { lowerConvolution, lowerMatmul } from "./lowering/convolutions.ts";
import { type Layouts, type MapOfValue, startLayouts } from "./lowering/layouts.ts";
import {
  lowerElementwise,
  lowerGather,
  lowerPermuted,
  lowerReshape,
  lowerShuffle,
} from "./lowering/others.ts";
import { lowerAverage, lowerPool } from "./lowering/pools.ts";
import { removeDead } from "./remove-dead.ts";

/**
 * Lowers tensors [1, channels, …] to feature maps [height, width, channels], on which the fast kernels compute. Convolutions and
 * pooling start a region of maps; the operators behind them stay in it as long as they compute the same on maps. A layout
 * changes only where a region begins or ends.
 */
export function lowerToMaps(graph: Graph): Graph {
  const layouts = startLayouts(graph);
  const results = new Set(resultsOf(graph));
  let isLowered = false;
  for (const node of graph.nodes) {
    const lowered = results.has(node.output) ? undefined : lower(node, layouts);
    if (lowered === undefined) {
      const inputs = node.inputs.map(layouts.tensorOf);
      layouts.builder.add(node.op, inputs, node.attributes, node.output);
      continue;
    }
    isLowered = true;
    if (typeof lowered === "string") layouts.defineTensor(node.output, lowered);
    else layouts.define(node.output, lowered);
  }
  if (!isLowered) return graph;
  for (const { value, next } of graph.states) layouts.builder.keep(value, next);
  return removeDead(layouts.builder.finish(...graph.outputs));
}

/** @returns the map of the node's output, or the name of its tensor; undefined where it stays as it is */
function lower(node: Node, layouts: Layouts): MapOfValue | string | undefined {
  switch (node.op) {
    case "convolution":
      return lowerConvolution(node, layouts);
    case "matmul":
      return lowerMatmul(node, layouts);
    case "pool":
      return lowerPool(node, layouts);
    case "reduce":
      return lowerAverage(node, layouts) ?? lowerPermuted(node, layouts);
    case "gather":
      return lowerGather(node, layouts);
    case "reshape":
      return lowerReshape(node, layouts) ?? lowerShuffle(node, layouts);
    default:
      return lowerElementwise(node, layouts) ?? lowerPermuted(node, layouts);
  }
}
