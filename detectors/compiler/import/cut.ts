import type { FileNode } from "./file-node.ts";

/** A detector's graph in two parts. Nodes that no output needs are in neither. */
export interface CutGraph<N extends FileNode> {
  /** The network, in the order of the file. */
  readonly body: readonly N[];
  /** The nodes that turn the network's maps into boxes, in the order of the file. */
  readonly tail: readonly N[];
}

/**
 * Where the network ends: with its last convolutions, or with the elementwise nodes directly behind them, such as sigmoids
 * and scaling to pixels.
 */
export type CutRule = "convolutions" | "elementwise";

/** How a format names the operators that decide where a graph is cut. */
export interface CutOperators {
  readonly convolutions: ReadonlySet<string>;
  readonly elementwise: ReadonlySet<string>;
  /** Nodes that hold a constant. */
  readonly constants: ReadonlySet<string>;
}

/**
 * Cuts a detector behind its last convolutions. It finds them by structure, because exporters differ in everything else.
 * @param nodes in execution order
 * @param constants names of values that are known without a node
 */
export function cutGraph<N extends FileNode>(
  nodes: readonly N[],
  outputs: readonly string[],
  constants: ReadonlySet<string>,
  operators: CutOperators,
  rule: CutRule,
): CutGraph<N> {
  const producers = new Map(nodes.flatMap((node) => node.output.map((value) => [value, node] as const)));
  const isConvolution = ({ opType = "" }: N): boolean => operators.convolutions.has(opType);
  const behind = ancestors(outputs, producers, isConvolution);
  const last = [...behind].filter(isConvolution);
  const network = ancestors(
    last.flatMap(({ output }) => output),
    producers,
    () => false,
  );
  if (rule === "elementwise") {
    for (const node of nodes) if (continuesNetwork(node)) network.add(node);
  }
  return {
    body: nodes.filter((node) => network.has(node)),
    tail: nodes.filter((node) => behind.has(node) && !network.has(node)),
  };

  function continuesNetwork({ opType = "", input }: N): boolean {
    if (!operators.elementwise.has(opType)) return false;
    const kinds = input.map((value) => {
      const producer = producers.get(value);
      if (producer === undefined) return constants.has(value) ? "constant" : "other";
      if (operators.constants.has(producer.opType ?? "")) return "constant";
      return network.has(producer) ? "map" : "other";
    });
    return kinds.includes("map") && !kinds.includes("other");
  }
}

/** All nodes that these values depend on. The search does not go past nodes for which `stop` holds. */
function ancestors<N extends FileNode>(
  values: readonly string[],
  producers: ReadonlyMap<string, N>,
  stop: (node: N) => boolean,
): Set<N> {
  const found = new Set<N>();
  const open = [...values];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    const node = producers.get(value);
    if (!node || found.has(node)) continue;
    found.add(node);
    if (!stop(node)) open.push(...node.input);
  }
  return found;
}
