import { type Graph, resultsOf } from "../graph/graph.ts";
import { rebuild } from "./rewrite.ts";

/** Removes nodes and constants that no result depends on. */
export function removeDead(graph: Graph): Graph {
  const needed = new Set(resultsOf(graph));
  for (const { initial } of graph.states) if (initial !== undefined) needed.add(initial);
  for (const node of graph.nodes.toReversed()) {
    if (needed.has(node.output)) for (const input of node.inputs) needed.add(input);
  }
  return rebuild(
    graph,
    graph.nodes.filter(({ output }) => needed.has(output)),
    new Map([...graph.constants].filter(([name]) => needed.has(name))),
  );
}
