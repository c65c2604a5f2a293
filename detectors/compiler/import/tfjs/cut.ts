import { CONVOLUTIONS } from "./convolution.ts";
import { producerName, type TfjsGraph } from "./graph.ts";
import type { TfjsNode } from "./schema.ts";

/** A TensorFlow.js graph in two parts: the network, and the nodes that turn its maps into boxes. */
export interface CutGraph {
  /** The nodes up to the last convolutions, and elementwise nodes directly behind them. */
  readonly body: readonly TfjsNode[];
  /** The nodes behind the body. */
  readonly tail: readonly TfjsNode[];
}

/** Elementwise operators between the last convolutions and the search for boxes: sigmoids, and scaling to pixels. */
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

/** Cuts a detector behind its last convolutions. It finds them by structure, because names differ from file to file. */
export function cutBehindConvolutions({ nodes, outputs }: TfjsGraph): CutGraph {
  const producers = new Map(nodes.map((node) => [node.name, node]));
  const isConvolution = ({ op }: TfjsNode): boolean => CONVOLUTIONS.has(op);
  const behind = ancestors(outputs, producers, isConvolution);
  const heads = [...behind].filter(isConvolution);
  const network = ancestors(
    heads.map(({ name }) => name),
    producers,
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
    const producer = producers.get(producerName(value));
    if (producer?.op === "Const") return kind === "any";
    return producer !== undefined && network.has(producer);
  }
}

/** All nodes that these values depend on. The search does not go past nodes for which `stop` holds. */
function ancestors(
  values: readonly string[],
  producers: ReadonlyMap<string, TfjsNode>,
  stop: (node: TfjsNode) => boolean,
): Set<TfjsNode> {
  const found = new Set<TfjsNode>();
  const open = [...values];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    const node = producers.get(producerName(value));
    if (!node || found.has(node)) continue;
    found.add(node);
    if (!stop(node)) open.push(...node.input);
  }
  return found;
}
