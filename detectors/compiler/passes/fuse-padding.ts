import { makeNode } from "../graph/builder.ts";
import type { Graph, Node } from "../graph/graph.ts";
import type { PadAttributes } from "../ops/pad.ts";
import type { Padding } from "../ops/window.ts";
import { type Replacement, rewrite } from "./rewrite.ts";

/** A convolution or maximum of a padded map → one of the map, with the padding as its own. */
export function fusePadding(graph: Graph): Graph {
  return rewrite(graph, (node, { producer, uses }) => {
    const pad = producer(node.inputs[0] ?? "");
    if (pad?.op !== "pad") return undefined;
    const fused = withPadding(node, pad);
    return fused && { node: fused, absorbed: uses(pad.output) === 1 ? [pad] : [] };
  });
}

function withPadding(node: Node, pad: Node<"pad">): Replacement["node"] | undefined {
  const [x = ""] = pad.inputs;
  const inputs = [x, ...node.inputs.slice(1)];
  switch (node.op) {
    case "conv2d":
    case "depthwise_conv2d": {
      const padding = joined(node.attributes.padding, pad.attributes, 0);
      return padding && makeNode(node.op, inputs, node.output, { ...node.attributes, padding });
    }
    case "max_pool2d": {
      const padding = joined(node.attributes.padding, pad.attributes, Number.NEGATIVE_INFINITY);
      if (padding === undefined || Math.max(...Object.values(padding)) >= node.attributes.kernel)
        return undefined;
      return makeNode(node.op, inputs, node.output, { ...node.attributes, padding });
    }
    default:
      return undefined;
  }
}

/** Both paddings together; undefined where the map is padded by other numbers, in its channels or between its pixels. */
function joined(
  own: Padding,
  { before, after, between, value }: PadAttributes,
  expected: number,
): Padding | undefined {
  const [top = 0, left = 0, first = 0] = before;
  const [bottom = 0, right = 0, last = 0] = after;
  if (value !== expected || before.length !== 3 || first + last > 0 || between.some((gap) => gap > 0))
    return undefined;
  return {
    top: own.top + top,
    left: own.left + left,
    bottom: own.bottom + bottom,
    right: own.right + right,
  };
}
