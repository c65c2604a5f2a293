import type { Graph } from "../graph/graph.ts";
import { rebuild } from "./rewrite.ts";

/** Removes nodes and constants that the output does not depend on. */
export function removeDead(graph: Graph): Graph {
  const needed = new Set(graph.outputs);
  for (const node of graph.nodes.toReversed()) {
    if (needed.has(node.output)) for (const input of node.inputs) needed.add(input);
  }
  return rebuild(
    graph,
    graph.nodes.filter(({ output }) => needed.has(output)),
    new Map([...graph.constants].filter(([name]) => needed.has(name))),
  );
}
