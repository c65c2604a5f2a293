import { makeNode } from "../graph/builder.ts";
import type { Graph, Node } from "../graph/graph.ts";
import { type FloatConstant, floats } from "../graph/value.ts";
import { elements } from "../ops/shapes.ts";
import { countUses, rebuild } from "./rewrite.ts";

/** A larger feature map, 8 MB as floats, would take most of the memory of a small network. */
const MAX_ELEMENTS = 2 ** 21;
/** Channels that a kernel computes together. */
const BLOCK = 8;

/**
 * Splits a very large feature map that only a depthwise convolution reads: computes and convolves some of its channels at a
 * time, all parts in the same memory. (The first expansion of MobileNetV3 is four times its input.)
 */
export function splitWidest(graph: Graph, keep: readonly string[]): Graph {
  const producers = new Map(graph.nodes.map((node) => [node.output, node]));
  const uses = countUses(graph);
  const constants = new Map(graph.constants);
  const instead = new Map<Node, readonly Node[]>();
  for (const depthwise of graph.nodes) {
    const wide = producers.get(depthwise.inputs[0] ?? "");
    if (depthwise.op !== "depthwise_conv2d" || wide?.op !== "conv2d" || wide.inputs.length > 3) continue;
    if (uses.get(wide.output) !== 1 || keep.includes(wide.output)) continue;
    const shape = graph.values.get(wide.output)?.shape ?? [];
    const channels = shape.at(-1) ?? 0;
    const parts = partsOf(elements(shape), channels);
    if (parts === 1) continue;

    const count = channels / parts;
    const nodes: Node[] = [];
    const outputs = Array.from({ length: parts }, (_, part) => {
      const constantsOf = (node: Node, axis: "first" | "last"): string[] =>
        node.inputs.slice(1).map((name) => {
          const constant = constants.get(name);
          if (constant?.dtype !== "f32") throw new Error(`${name} is not a constant of floats`);
          const slice = channelsOf(constant, axis, part * count, count);
          constants.set(`${name}.part${part}`, slice);
          return `${name}.part${part}`;
        });
      const middle = `${wide.output}.part${part}`;
      const end = `${depthwise.output}.part${part}`;
      const [x = ""] = wide.inputs;
      nodes.push(makeNode("conv2d", [x, ...constantsOf(wide, "first")], middle, wide.attributes));
      nodes.push(
        makeNode("depthwise_conv2d", [middle, ...constantsOf(depthwise, "last")], end, depthwise.attributes),
      );
      return end;
    });
    instead.set(wide, []);
    instead.set(depthwise, [...nodes, makeNode("concat", outputs, depthwise.output, { axis: 2 })]);
  }
  const nodes = graph.nodes.flatMap((node) => instead.get(node) ?? [node]);
  return instead.size === 0 ? graph : rebuild(graph, nodes, constants);
}

/** The smallest number of equal parts of whole blocks that are small enough; 1 where no split fits. */
function partsOf(numbers: number, channels: number): number {
  for (let parts = Math.ceil(numbers / MAX_ELEMENTS); parts * BLOCK <= channels; parts++) {
    if (channels % (parts * BLOCK) === 0) return parts;
  }
  return 1;
}

/** A range of channels of a constant, on its first or its last axis. */
function channelsOf(
  { shape, data, product }: FloatConstant,
  axis: "first" | "last",
  first: number,
  count: number,
): FloatConstant {
  if (axis === "last") {
    const channels = shape.at(-1) ?? 1;
    const isInPart = (at: number) => at % channels >= first && at % channels < first + count;
    return floats(
      [...shape.slice(0, -1), count],
      data.filter((_, at) => isInPart(at)),
    );
  }
  const each = data.length / (shape[0] ?? 1);
  const slice = (numbers: Float32Array) => numbers.slice(first * each, (first + count) * each);
  return floats(
    [count, ...shape.slice(1)],
    slice(data),
    product && {
      numbers: slice(product.numbers),
      perOutput: product.perOutput.slice(first, first + count),
    },
  );
}
