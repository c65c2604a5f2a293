import { makeNode } from "../graph/builder.ts";
import { typeOf } from "../graph/facts.ts";
import type { Graph, Node } from "../graph/graph.ts";
import { floats } from "../graph/value.ts";
import { winogradScheme } from "../kernels/winograd.ts";
import { rebuild } from "./rewrite.ts";

/**
 * normalize → space_to_depth → conv2d becomes space_to_depth → conv2d on the bytes of the image, with the scale folded into
 * the weights. Only Winograd convolutions read bytes.
 */
export function stemOnBytes(graph: Graph): Graph {
  const constants = new Map(graph.constants);
  const readers = (value: string) => graph.nodes.filter(({ inputs }) => inputs.includes(value));
  const only = (value: string): Node | undefined => {
    const nodes = readers(value);
    return nodes.length === 1 ? nodes[0] : undefined;
  };
  const replacements = new Map<Node, readonly Node[]>();
  for (const normalize of graph.nodes) {
    if (normalize.op !== "normalize") continue;
    const blocks = only(normalize.output);
    const stem = blocks && only(blocks.output);
    const [x, weightsName = "", ...others] = stem?.inputs ?? [];
    const weights = graph.constants.get(weightsName);
    if (
      blocks?.op !== "space_to_depth" ||
      stem?.op !== "conv2d" ||
      x !== blocks.output ||
      weights?.dtype !== "f32"
    ) {
      continue;
    }
    if (winogradScheme(stem, (value) => typeOf(graph, value)) === undefined) continue;
    const name = `${stem.output}.bytes`;
    const { scale } = normalize.attributes;
    constants.set(
      name,
      floats(
        weights.shape,
        weights.data.map((weight) => weight * scale),
      ),
    );
    replacements.set(normalize, []);
    replacements.set(blocks, [makeNode(blocks.op, normalize.inputs, blocks.output, blocks.attributes)]);
    replacements.set(stem, [makeNode(stem.op, [x, name, ...others], stem.output, stem.attributes)]);
  }
  return rebuild(
    graph,
    graph.nodes.flatMap((node) => replacements.get(node) ?? [node]),
    constants,
  );
}
