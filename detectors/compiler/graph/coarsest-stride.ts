import type { Graph, Node } from "./graph.ts";

/**
 * Pixels of the input per cell of the network's coarsest feature map. Input sizes that are multiples of it divide evenly at
 * every stride. Averages over the whole map do not count.
 */
export function coarsestStride({ input, nodes }: Graph): number {
  const strides = new Map([[input, 1]]);
  for (const node of nodes) {
    const finest = Math.max(...node.inputs.map((value) => strides.get(value) ?? 0));
    strides.set(node.output, finest * stepOf(node));
  }
  return Math.max(...strides.values());
}

function stepOf(node: Node): number {
  switch (node.op) {
    case "conv2d":
    case "quantized_conv2d":
    case "depthwise_conv2d":
    case "max_pool2d":
      return node.attributes.stride;
    case "upsample":
    case "resize_bilinear":
      return 1 / node.attributes.factor;
    case "mean":
      return 0;
    default:
      return 1;
  }
}
