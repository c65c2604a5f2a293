import { factsOf, multiplicationsOf, typeOf } from "../graph/facts.ts";
import { type Graph, type Node, resultsOf } from "../graph/graph.ts";
import { type Constant, constantOf } from "../graph/value.ts";
import { evaluateOperator } from "../ops/evaluate.ts";
import { elements } from "../ops/shapes.ts";
import { rebuild } from "./rewrite.ts";

/** Nodes that use thresholds are not folded: thresholds come with the frame. */
const NO_THRESHOLDS = { score: 1, iou: 1 };

/** Computes nodes that depend only on constants at compile time, by their references. */
export function foldConstants(graph: Graph): Graph {
  const constants = new Map<string, Constant>(graph.constants);
  const remaining: Node[] = [];
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((name) => constants.get(name)).filter((input) => input !== undefined);
    if (inputs.length < node.inputs.length || !isFoldable(node, graph)) {
      remaining.push(node);
      continue;
    }
    const { data } = evaluateOperator(node.op, inputs, node.attributes, NO_THRESHOLDS);
    constants.set(node.output, constantOf(typeOf(graph, node.output), data));
  }
  return rebuild(graph, remaining, constants);
}

/** More elements or products are computed at run time: references are slow, and the module would be large. */
const MOST_WORK = 2 ** 24;

function isFoldable(node: Node, graph: Graph): boolean {
  if (factsOf(node).usesThresholds || resultsOf(graph).includes(node.output)) return false;
  return Math.max(elements(typeOf(graph, node.output).shape), multiplicationsOf(node, graph)) <= MOST_WORK;
}
