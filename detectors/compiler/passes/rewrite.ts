import { buildGraph } from "../graph/builder.ts";
import type { Constant, Graph, Node } from "../graph/graph.ts";

/** What a rule sees of the graph while it is being rewritten. */
export interface RewriteContext {
  /** The node that makes a value, as rewritten so far. */
  producer(value: string): Node | undefined;
  /** How many inputs a value feeds; being the graph's output counts as one. */
  uses(value: string): number;
  constant(name: string): Constant | undefined;
  /** Adds a constant under a name like `preferred` that nothing has yet. Returns the name. */
  addConstant(preferred: string, constant: Constant): string;
}

/** What takes a node's place: it makes the same value and does the work of the absorbed nodes too. */
export interface Replacement {
  readonly node: Node;
  /** Nodes earlier in the graph that nothing uses any more. */
  readonly absorbed: readonly Node[];
}

/**
 * Goes through the nodes in order and asks `rule` for a replacement of each; a new graph comes out. A replacement
 * stands where its node stood, so everything it reads is there already.
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
    constant: (name) => constants.get(name),
    addConstant(preferred, constant) {
      let name = preferred;
      for (let number = 2; graph.values.has(name) || constants.has(name); number++)
        name = `${preferred}.${number}`;
      constants.set(name, constant);
      return name;
    },
  };

  const absorbed = new Set<string>();
  for (const node of graph.nodes) {
    const replacement = rule(node, context);
    if (!replacement) continue;
    producers.set(node.output, replacement.node);
    for (const { output } of replacement.absorbed) absorbed.add(output);
  }
  const nodes = graph.nodes
    .filter(({ output }) => !absorbed.has(output))
    .map((node) => producers.get(node.output) ?? node);
  return rebuild(graph, nodes, constants);
}

/**
 * A graph of the same input and output with other nodes and constants; types are inferred anew.
 * @throws ShapeError when the nodes do not fit together.
 */
export function rebuild(
  { input, output, values }: Graph,
  nodes: readonly Node[],
  constants: ReadonlyMap<string, Constant>,
): Graph {
  const builder = buildGraph();
  const [height = 0, width = 0] = values.get(input)?.shape ?? [];
  builder.input(height, width, input);
  for (const [name, { shape, data, product }] of constants) builder.constant(name, shape, data, product);
  for (const node of nodes) builder.add(node.op, node.inputs, node.attributes, node.output);
  return builder.finish(input, output);
}

type FusibleConvolution = Extract<Node, { op: "conv2d" | "depthwise_conv2d" }>;

/** The convolution that makes this value for a single use, without a residual: one that a rule may change at will. */
export function fusibleConvolution(
  value: string,
  { producer, uses }: RewriteContext,
): FusibleConvolution | undefined {
  const node = producer(value);
  const isConvolution = node?.op === "conv2d" || node?.op === "depthwise_conv2d";
  return isConvolution && uses(value) === 1 && node.inputs.length < 4 ? node : undefined;
}

/** As `fusibleConvolution`, but only one that mixes channels. */
export function fusibleConv2d(
  value: string,
  context: RewriteContext,
): Extract<Node, { op: "conv2d" }> | undefined {
  const node = fusibleConvolution(value, context);
  return node?.op === "conv2d" ? node : undefined;
}

/** How many inputs each value feeds; being the graph's output counts as one. */
export function countUses({ nodes, output }: Graph): Map<string, number> {
  const uses = new Map([[output, 1]]);
  for (const { inputs } of nodes) for (const name of inputs) uses.set(name, (uses.get(name) ?? 0) + 1);
  return uses;
}
