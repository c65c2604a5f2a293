import type { Graph } from "../../detectors/compiler/graph/graph.ts";

/**
 * Multiplications and additions of a graph's convolutions when computed directly. An inference is credited with them, even
 * when its kernels need fewer. All other operators of these networks take less than two per cent.
 */
export function convolutionOperations(graph: Graph): number {
  let operations = 0;
  for (const { op, inputs, output } of graph.nodes) {
    if (op !== "conv2d" && op !== "depthwise_conv2d") continue;
    const weights = graph.values.get(inputs[1] ?? "")?.shape ?? [];
    const [height = 0, width = 0] = graph.values.get(output)?.shape ?? [];
    // Each weight is used once per output pixel, also in depthwise convolutions, whose weights have no input channels.
    operations += 2 * height * width * weights.reduce((product, size) => product * size, 1);
  }
  return operations;
}
