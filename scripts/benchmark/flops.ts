import type { Graph } from "../../detectors/compiler/graph/graph.ts";

/**
 * Multiplications and additions of a graph's convolutions, each computed the direct way: what an inference is credited
 * with, however a kernel saves some of them. Everything else in these networks is below two per cent.
 */
export function convolutionOperations(graph: Graph): number {
  let operations = 0;
  for (const { op, inputs, output } of graph.nodes) {
    if (op !== "conv2d" && op !== "depthwise_conv2d") continue;
    const weights = graph.values.get(inputs[1] ?? "")?.shape ?? [];
    const [height = 0, width = 0] = graph.values.get(output)?.shape ?? [];
    // Every weight is used once per pixel of the output: those of depthwise convolutions have no input channels.
    operations += 2 * height * width * weights.reduce((product, size) => product * size, 1);
  }
  return operations;
}
