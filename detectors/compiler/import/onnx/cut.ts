import type { OnnxGraph, OnnxNode } from "./schema.ts";

/** An ONNX graph in two parts, cut behind its last convolutions. Nodes the outputs do not need are in neither. */
export interface CutGraph {
  /** Up to and including the head convolutions, in the file's order. */
  readonly body: readonly OnnxNode[];
  /** The convolutions from which an output is reached through no other convolution, in the file's order. */
  readonly heads: readonly OnnxNode[];
  /** What is made of the heads' outputs (reshaping, decoding), in the file's order. */
  readonly tail: readonly OnnxNode[];
}

/** Cuts a detector at its head convolutions: found by structure, since exporters name and arrange the rest differently. */
export function cutAtHeads({ node: nodes, output: outputs }: OnnxGraph): CutGraph {
  const producers = new Map(nodes.flatMap((node) => node.output.map((value) => [value, node] as const)));
  const isConvolution = (node: OnnxNode): boolean => node.opType === "Conv";
  const behind = ancestors(
    outputs.map(({ name }) => name ?? ""),
    producers,
    isConvolution,
  );
  const heads = nodes.filter((node) => behind.has(node) && isConvolution(node));
  const before = ancestors(
    heads.flatMap((head) => head.output),
    producers,
    () => false,
  );
  return {
    body: nodes.filter((node) => before.has(node)),
    heads,
    tail: nodes.filter((node) => behind.has(node) && !isConvolution(node)),
  };
}

/** All nodes that these values are made by, directly or not, looking no further back than where `stop` holds. */
function ancestors(
  values: readonly string[],
  producers: ReadonlyMap<string, OnnxNode>,
  stop: (node: OnnxNode) => boolean,
): Set<OnnxNode> {
  const found = new Set<OnnxNode>();
  const open = [...values];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    const node = producers.get(value);
    if (!node || found.has(node)) continue;
    found.add(node);
    if (!stop(node)) open.push(...node.input);
  }
  return found;
}
