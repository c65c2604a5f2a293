import { makeNode } from "../graph/builder.ts";
import { typeOf } from "../graph/facts.ts";
import { type Graph, type Node, resultsOf } from "../graph/graph.ts";
import type { Shape } from "../graph/value.ts";
import type { RearrangeAttributes } from "../ops/rearrange.ts";
import { elements, sameShape } from "../ops/shapes.ts";
import { removeDead } from "./remove-dead.ts";
import { rebuild } from "./rewrite.ts";

/** A value as a rearrangement of another one. */
interface Arrangement extends RearrangeAttributes {
  readonly base: string;
}

/**
 * Computes every reshape and transposition from the value at the start of its chain: a layout change that is undone costs
 * nothing, and a shuffle of channels becomes one step.
 */
export function mergeRearrangements(graph: Graph): Graph {
  const arrangements = new Map<string, Arrangement>();
  const names = new Map<string, string>();
  const ends = new Set([...graph.inputs, ...graph.states.map(({ value }) => value), ...resultsOf(graph)]);
  const nodes: Node[] = [];
  let isChanged = false;
  for (const original of graph.nodes) {
    const node = { ...original, inputs: original.inputs.map((name) => names.get(name) ?? name) } as Node;
    const arrangement = arrangementOf(node, graph, arrangements);
    if (arrangement === undefined) {
      nodes.push(...throughOneAxis(node, graph));
      continue;
    }
    isChanged = true;
    const { output } = node;
    arrangements.set(output, arrangement);
    const { base, order, shape } = arrangement;
    const isInOrder = order.every((axis, index) => axis === index);
    const isCopy = isInOrder && sameShape(typeOf(graph, base).shape, shape);
    // The memory of inputs, outputs and states has no gaps; a map that kernels read may have some.
    if (isCopy && !ends.has(base) && !ends.has(output)) names.set(output, base);
    else if (isInOrder && (shape.length !== 3 || typeOf(graph, base).shape.length !== 3)) {
      nodes.push(makeNode("reshape", [base], output, { shape }));
    } else {
      nodes.push(makeNode("rearrange", [base], output, { sizes: arrangement.sizes, order, shape }));
    }
  }
  return isChanged ? removeDead(rebuild(graph, nodes, graph.constants)) : graph;
}

/** A reshape between two values of three axes, both of which may be maps with gaps: the value between them has no gaps. */
function throughOneAxis(node: Node, graph: Graph): readonly Node[] {
  const [x = ""] = node.inputs;
  const shapes = [typeOf(graph, x).shape, typeOf(graph, node.output).shape];
  if (node.op !== "reshape" || shapes.some(({ length }) => length !== 3)) return [node];
  const flat = `${node.output}.flat`;
  return [
    makeNode("reshape", [x], flat, { shape: [elements(node.attributes.shape)] }),
    makeNode("reshape", [flat], node.output, node.attributes),
  ];
}

/** undefined where the node does not only rearrange, or its axes do not divide each other. */
function arrangementOf(
  { op, inputs, attributes, output }: Node,
  graph: Graph,
  arrangements: ReadonlyMap<string, Arrangement>,
): Arrangement | undefined {
  const [x = ""] = inputs;
  const { shape } = typeOf(graph, output);
  if ((op !== "reshape" && op !== "transpose") || graph.constants.has(x) || shape.includes(0))
    return undefined;
  const own = typeOf(graph, x).shape;
  const sizes = own.filter((size) => size > 1);
  const start = arrangements.get(x) ?? { base: x, sizes, order: [...sizes.keys()], shape: own };
  if (op === "reshape") return refined({ ...start, shape }, shape);
  // Every axis of x is made up of whole split axes: they move together.
  const groups = groupsOf(start, own);
  return { ...start, order: attributes.order.flatMap((axis) => groups[axis] ?? []), shape };
}

/** The split axes that make up each axis of a shape. */
function groupsOf({ sizes, order }: Arrangement, shape: Shape): readonly (readonly number[])[] {
  let next = 0;
  return shape.map((size) => {
    const group: number[] = [];
    for (let left = size; left > 1; ) {
      const axis = order[next++] ?? 0;
      left /= sizes[axis] ?? 1;
      group.push(axis);
    }
    return group;
  });
}

/** Splits axes further until they make up the axes of `shape`; undefined where that is impossible. */
function refined(arrangement: Arrangement, shape: Shape): Arrangement | undefined {
  const reordered = arrangement.order.map((axis) => arrangement.sizes[axis] ?? 1);
  const targets = shape.filter((size) => size > 1);
  /** The parts of each axis, by its position in the order. */
  const parts: number[][] = reordered.map(() => []);
  let target = 0;
  let wanted = targets[0] ?? 1;
  for (const [position, size] of reordered.entries()) {
    for (let left = size; left > 1; ) {
      const part = Math.min(left, wanted);
      if (left % part !== 0 || wanted % part !== 0) return undefined;
      parts[position]?.push(part);
      left /= part;
      wanted /= part;
      if (wanted === 1) wanted = targets[++target] ?? 1;
    }
  }
  const positions = arrangement.order.map((_, axis) => arrangement.order.indexOf(axis));
  const firsts: number[] = [];
  const sizes: number[] = [];
  for (const [axis] of arrangement.sizes.entries()) {
    firsts[axis] = sizes.length;
    sizes.push(...(parts[positions[axis] ?? 0] ?? []));
  }
  const order = arrangement.order.flatMap((axis, position) =>
    (parts[position] ?? []).map((_, part) => (firsts[axis] ?? 0) + part),
  );
  return { ...arrangement, sizes, order };
}
