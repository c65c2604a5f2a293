import type { OnnxGraph, OnnxNode } from "./schema.ts";

/** An ONNX graph, cut behind its last convolutions. Nodes that no output needs are in neither part. */
export interface CutGraph {
  /** The nodes up to and including the head convolutions, in file order. */
  readonly body: readonly OnnxNode[];
  /** The convolutions with no other convolution between them and an output, in file order. */
  readonly heads: readonly OnnxNode[];
  /** The nodes that process the heads' outputs (reshaping, decoding), in file order. */
  readonly tail: readonly OnnxNode[];
}

/** Cuts a detector at its head convolutions. It finds them by structure, because exporters differ in everything else. */
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

/** All nodes that these values depend on. The search does not go past nodes for which `stop` holds. */
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
