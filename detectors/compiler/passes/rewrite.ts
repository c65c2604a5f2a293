import { buildGraph, inferOutput } from "../graph/builder.ts";
import { typeOf } from "../graph/facts.ts";
import { type Graph, type Node, resultsOf } from "../graph/graph.ts";
import type { Constant, FloatConstant, ValueType } from "../graph/value.ts";
import { sameShape } from "../ops/shapes.ts";

/** A rule's view of the graph during a rewrite. */
export interface RewriteContext {
  /** The node that computes a value, as rewritten so far. */
  producer(value: string): Node | undefined;
  /** The number of uses as a node's input; a result of the graph counts as one more. */
  uses(value: string): number;
  /** The type of a value of the graph before the rewrite. */
  type(value: string): ValueType | undefined;
  /** A constant of floats. */
  constant(name: string): FloatConstant | undefined;
  /** Adds a constant under the preferred name, or that name with a number where it is taken. Returns the name. */
  addConstant(preferred: string, constant: Constant): string;
}

/** Replaces a node and the nodes absorbed into it. Its output has the same name as that of the replaced node. */
export interface Replacement {
  readonly node: Node;
  /** Earlier nodes that become unused. */
  readonly absorbed: readonly Node[];
}

/**
 * Applies `rule` to the nodes in order and returns a new graph with the replacements. A replacement takes its node's
 * position, so all of its inputs are computed before it.
 */
export function rewrite(
  graph: Graph,
  rule: (node: Node, context: RewriteContext) => Replacement | undefined,
): Graph {
  const producers = new Map(graph.nodes.map((node) => [node.output, node]));
  const uses = countUses(graph);
  const constants = new Map(graph.constants);
  const context: RewriteContext = {
    producer: (value) => producers.get(value),
    uses: (value) => uses.get(value) ?? 0,
    type: (value) => graph.values.get(value),
    constant(name) {
      const constant = constants.get(name);
      return constant?.dtype === "f32" ? constant : undefined;
    },
    addConstant(preferred, constant) {
      let name = preferred;
      for (let number = 2; graph.values.has(name) || constants.has(name); number++)
        name = `${preferred}.${number}`;
      constants.set(name, constant);
      return name;
    },
  };

  const typeOf = (name: string): ValueType | undefined => graph.values.get(name) ?? constants.get(name);
  /** A rule that knows one shape may meet inputs that broadcast to another. */
  const keepsType = ({ op, inputs, attributes, output }: Node): boolean => {
    const made = inferOutput(
      op,
      inputs.map(typeOf).filter((type) => type !== undefined),
      attributes,
      output,
    );
    const type = typeOf(output);
    return made.dtype === type?.dtype && sameShape(made.shape, type.shape);
  };
  const absorbed = new Set<string>();
  for (const node of graph.nodes) {
    const replacement = rule(node, context);
    if (!replacement || !keepsType(replacement.node)) continue;
    producers.set(node.output, replacement.node);
    for (const { output } of replacement.absorbed) absorbed.add(output);
  }
  const nodes = graph.nodes
    .filter(({ output }) => !absorbed.has(output))
    .map((node) => producers.get(node.output) ?? node);
  return rebuild(graph, nodes, constants);
}

/**
 * A graph with the same inputs and outputs but other nodes and constants; types are inferred again.
 * @throws ShapeError when the nodes do not fit together.
 */
export function rebuild(
  graph: Graph,
  nodes: readonly Node[],
  constants: ReadonlyMap<string, Constant>,
): Graph {
  const builder = buildGraph();
  for (const input of graph.inputs) builder.input(input, typeOf(graph, input));
  for (const { value, initial } of graph.states) builder.state(value, typeOf(graph, value), initial);
  for (const [name, constant] of constants) builder.constant(name, constant);
  for (const node of nodes) builder.add(node.op, node.inputs, node.attributes, node.output);
  for (const { value, next } of graph.states) builder.keep(value, next);
  return builder.finish(...graph.outputs);
}

type FusibleConvolution = Extract<Node, { op: "conv2d" | "depthwise_conv2d" }>;

/** The convolution that computes a value with a single use, without a residual: a rule may change it freely. */
export function fusibleConvolution(
  value: string,
  { producer, uses }: RewriteContext,
): FusibleConvolution | undefined {
  const node = producer(value);
  const isConvolution = node?.op === "conv2d" || node?.op === "depthwise_conv2d";
  return isConvolution && uses(value) === 1 && node.inputs.length < 4 ? node : undefined;
}

/** Like `fusibleConvolution`, but not a depthwise one. */
export function fusibleConv2d(
  value: string,
  context: RewriteContext,
): Extract<Node, { op: "conv2d" }> | undefined {
  const node = fusibleConvolution(value, context);
  return node?.op === "conv2d" ? node : undefined;
}

/** The number of uses of each value as a node's input; a result of the graph counts as one more. */
export function countUses(graph: Graph): Map<string, number> {
  const uses = new Map(resultsOf(graph).map((result) => [result, 1]));
  for (const { inputs } of graph.nodes) for (const name of inputs) uses.set(name, (uses.get(name) ?? 0) + 1);
  return uses;
}
