import { makeNode } from "../graph/builder.ts";
import type { Graph, Node } from "../graph/graph.ts";
import { type FloatConstant, floats } from "../graph/value.ts";
import { rebuild } from "./rewrite.ts";

const BLOCK = 2;

/**
 * A 6×6 convolution of stride 2 with padding 2 → space to depth by 2 and a 3×3 convolution of stride 1 with padding 1: the
 * same products, with the taps ordered by their position in a 2×2 block.
 */
export function stemTo3x3(graph: Graph): Graph {
  const constants = new Map(graph.constants);
  const nodes = graph.nodes.flatMap((node): readonly Node[] => {
    const [x = "", weightsName = "", ...others] = node.inputs;
    const weights = graph.constants.get(weightsName);
    if (node.op !== "conv2d" || weights?.dtype !== "f32" || !isStem(node, weights, graph)) return [node];
    const blocks = `${node.output}.blocks`;
    const blockWeights = `${node.output}.weights`;
    constants.set(blockWeights, toBlocks(weights));
    const attributes = { ...node.attributes, stride: 1, padding: { top: 1, left: 1, bottom: 1, right: 1 } };
    return [
      makeNode("space_to_depth", [x], blocks, { block: BLOCK }),
      makeNode("conv2d", [blocks, blockWeights, ...others], node.output, attributes),
    ];
  });
  return rebuild(graph, nodes, constants);
}

function isStem({ inputs, attributes }: Node<"conv2d">, { shape }: FloatConstant, graph: Graph): boolean {
  const [, kernelHeight, kernelWidth] = shape;
  const [height = 1, width = 1] = graph.values.get(inputs[0] ?? "")?.shape ?? [];
  return (
    kernelHeight === 6 &&
    kernelWidth === 6 &&
    attributes.stride === BLOCK &&
    Object.values(attributes.padding).every((pixels) => pixels === 2) &&
    height % BLOCK === 0 &&
    width % BLOCK === 0
  );
}

/** [outputs, 6, 6, channels] → [outputs, 3, 3, 4 · channels] */
function toBlocks({ shape, data }: FloatConstant): FloatConstant {
  const [outputs = 0, size = 0, , channels = 0] = shape;
  const blocks = size / BLOCK;
  const sorted = new Float32Array(data.length);
  let at = 0;
  for (let output = 0; output < outputs; output++) {
    for (let tap = 0; tap < blocks * blocks; tap++) {
      for (let inBlock = 0; inBlock < BLOCK * BLOCK; inBlock++) {
        const row = Math.floor(tap / blocks) * BLOCK + Math.floor(inBlock / BLOCK);
        const column = (tap % blocks) * BLOCK + (inBlock % BLOCK);
        const from = ((output * size + row) * size + column) * channels;
        sorted.set(data.subarray(from, from + channels), at);
        at += channels;
      }
    }
  }
  return floats([outputs, blocks, blocks, BLOCK * BLOCK * channels], sorted);
}
