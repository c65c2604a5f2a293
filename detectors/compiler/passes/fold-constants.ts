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
  let work = 0;
  for (const node of graph.nodes) {
    const inputs = node.inputs.map((name) => constants.get(name)).filter((input) => input !== undefined);
    const more = workOf(node, graph);
    if (inputs.length < node.inputs.length || more > MOST_WORK || work + more > MOST_WORK_OF_ALL) {
      remaining.push(node);
      continue;
    }
    work += more;
    const { data } = evaluateOperator(node.op, inputs, node.attributes, NO_THRESHOLDS);
    constants.set(node.output, constantOf(typeOf(graph, node.output), data));
  }
  return rebuild(graph, remaining, constants);
}

/** More elements are computed at run time: references are slow, and the module would be large. */
const MOST_WORK = 2 ** 24;
/** The limit of all nodes together, so that no file makes the compiler work for minutes. */
const MOST_WORK_OF_ALL = 2 ** 26;

/** A reference takes about as long for a product as for moving this many elements. */
const ELEMENTS_PER_PRODUCT = 8;

/** The work of a node in elements; infinite where it must not be computed at compile time. */
function workOf(node: Node, graph: Graph): number {
  if (factsOf(node).usesThresholds || resultsOf(graph).includes(node.output)) return Number.POSITIVE_INFINITY;
  const products = multiplicationsOf(node, graph);
  return Math.max(elements(typeOf(graph, node.output).shape), ELEMENTS_PER_PRODUCT * products);
}
