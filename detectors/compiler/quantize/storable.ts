import type { Graph, Node } from "../graph/graph.ts";

/** Operators that only move or compare numbers: what they read and make is stored in one way. */
export function passesThrough({ op }: Node): boolean {
  return op === "max_pool2d" || op === "upsample" || op === "concat";
}

/** The inputs of a node that its kernel takes as integers: of a sparse head, the features and not the objectness. */
function integerInputs(node: Node): readonly string[] {
  if (node.op === "yolov5_sparse_detect") return node.inputs.filter((_, index) => index % 4 === 1);
  return node.op === "conv2d" || passesThrough(node) ? node.inputs : [];
}

/**
 * The feature maps that can be stored as integers: convolutions make them, or operators that pass integers through, and
 * nothing else reads them.
 */
export function storableValues(graph: Graph): ReadonlySet<string> {
  const storable = new Set(
    graph.nodes.filter((node) => node.op === "conv2d" || passesThrough(node)).map(({ output }) => output),
  );
  storable.delete(graph.output);
  for (const node of graph.nodes) {
    const integers = integerInputs(node);
    for (const input of node.inputs) if (!integers.includes(input)) storable.delete(input);
  }
  // What one reader or maker cannot store as an integer, no value that it passes through can be.
  for (let before = -1; before !== storable.size; ) {
    before = storable.size;
    for (const { inputs, output } of graph.nodes.filter(passesThrough)) {
      const values = [...inputs, output];
      if (values.some((value) => !storable.has(value))) for (const value of values) storable.delete(value);
    }
  }
  return storable;
}
