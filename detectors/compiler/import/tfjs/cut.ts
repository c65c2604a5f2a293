import { CONVOLUTIONS } from "./convolution.ts";
import { makerName, type TfjsGraph } from "./graph.ts";
import type { TfjsNode } from "./schema.ts";

/** A TensorFlow.js graph in two parts: the network, and how its maps become boxes. */
export interface CutGraph {
  /** Up to the maps that the last convolutions and what is done to their every element make. */
  readonly body: readonly TfjsNode[];
  /** Everything behind. */
  readonly tail: readonly TfjsNode[];
}

/** What a network does to its last convolutions' numbers before it looks for boxes: sigmoids, and factors for pixels. */
const ELEMENTWISE = new Set([
  "BiasAdd",
  "Add",
  "AddV2",
  "Sub",
  "Mul",
  "Relu",
  "Relu6",
  "Sigmoid",
  "Identity",
]);

/** Cuts a detector behind its last convolutions: found by structure, since names differ from file to file. */
export function cutBehindConvolutions({ nodes, outputs }: TfjsGraph): CutGraph {
  const makers = new Map(nodes.map((node) => [node.name, node]));
  const isConvolution = ({ op }: TfjsNode): boolean => CONVOLUTIONS.has(op);
  const behind = ancestors(outputs, makers, isConvolution);
  const heads = [...behind].filter(isConvolution);
  const network = ancestors(
    heads.map(({ name }) => name),
    makers,
    () => false,
  );
  for (const node of nodes) {
    const isNext = ELEMENTWISE.has(node.op) && node.input.some((name) => inNetwork(name, "map"));
    if (isNext && node.input.every((name) => inNetwork(name, "any"))) network.add(node);
  }
  return {
    body: nodes.filter((node) => network.has(node)),
    tail: nodes.filter((node) => behind.has(node) && !network.has(node)),
  };

  function inNetwork(value: string, kind: "map" | "any"): boolean {
    const maker = makers.get(makerName(value));
    if (maker?.op === "Const") return kind === "any";
    return maker !== undefined && network.has(maker);
  }
}

/** All nodes that these values are made by, directly or not, looking no further back than where `stop` holds. */
function ancestors(
  values: readonly string[],
  makers: ReadonlyMap<string, TfjsNode>,
  stop: (node: TfjsNode) => boolean,
): Set<TfjsNode> {
  const found = new Set<TfjsNode>();
  const open = [...values];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    const node = makers.get(makerName(value));
    if (!node || found.has(node)) continue;
    found.add(node);
    if (!stop(node)) open.push(...node.input);
  }
  return found;
}
