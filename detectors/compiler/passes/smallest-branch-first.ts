import type { Graph, Node } from "../graph/graph.ts";
import { elements } from "../ops/shapes.ts";
import { rebuild } from "./rewrite.ts";

/**
 * Orders the branches that lead to the inputs of the last node. The branch with the smallest result comes first, because its
 * result waits in memory while the others are computed.
 */
export function smallestBranchFirst(graph: Graph): Graph {
  const last = graph.nodes.at(-1);
  if (last === undefined) return graph;
  const others = graph.nodes.slice(0, -1);
  /** The inputs of the last node that depend on a value. */
  const needed = new Map(last.inputs.map((input) => [input, new Set([input])]));
  for (const { inputs, output } of others.toReversed()) {
    for (const input of inputs) {
      needed.set(input, new Set([...(needed.get(input) ?? []), ...(needed.get(output) ?? [])]));
    }
  }
  const branchesOf = ({ output }: Node): readonly string[] => [...(needed.get(output) ?? [])];
  const isOnlyFor = (node: Node, branch: string): boolean => {
    const [only, ...more] = branchesOf(node);
    return only === branch && more.length === 0;
  };
  const sizeOf = (value: string): number => elements(graph.values.get(value)?.shape ?? []);
  const inBranches = others
    .map(({ output }) => output)
    .filter((output) => last.inputs.includes(output))
    .toSorted((a, b) => sizeOf(a) - sizeOf(b))
    .flatMap((branch) => others.filter((node) => isOnlyFor(node, branch)));
  const shared = others.filter((node) => branchesOf(node).length > 1);
  const unused = others.filter((node) => branchesOf(node).length === 0);
  return rebuild(graph, [...shared, ...inBranches, ...unused, last], graph.constants);
}
