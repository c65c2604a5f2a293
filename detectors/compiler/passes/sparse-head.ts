import { makeNode } from "../graph/builder.ts";
import type { Graph, Node } from "../graph/graph.ts";
import { type Constant, floats } from "../graph/value.ts";
import { OBJECTNESS } from "../ops/yolov5-sparse-detect.ts";
import { rebuild } from "./rewrite.ts";

/**
 * Replaces the head's 1×1 convolutions by convolutions for the objectness only, and a yolov5_sparse_detect that computes the
 * other logits of an anchor only where the objectness passes: for a few dozen of the 25,200 anchors of a 640×640 image.
 * @param keep values that must remain in the graph; with logits among them the head stays as it is
 */
export function sparseHead(graph: Graph, keep: readonly string[]): Graph {
  const head = graph.nodes.at(-1);
  if (head?.op !== "yolov5_detect" || head.inputs.some((logits) => keep.includes(logits))) return graph;
  const convolutions = head.inputs.map((logits) =>
    graph.nodes.find((node): node is Node<"conv2d"> => node.op === "conv2d" && node.output === logits),
  );
  const constants = new Map(graph.constants);
  const scales = convolutions.map((convolution, scale) =>
    convolution === undefined || !isPointwise(convolution, graph)
      ? undefined
      : splitScale(convolution, head.attributes.scales[scale]?.anchors.length ?? 0, constants),
  );
  if (!scales.every((scale) => scale !== undefined)) return graph;
  const nodes = graph.nodes.filter((node) => node !== head && !head.inputs.includes(node.output));
  return rebuild(
    graph,
    [
      ...nodes,
      ...scales.map(({ objectness }) => objectness),
      makeNode(
        "yolov5_sparse_detect",
        scales.flatMap(({ objectness, inputs }) => [objectness.output, ...inputs]),
        head.output,
        { ...head.attributes, multipliers: scales.map(() => undefined) },
      ),
    ],
    constants,
  );
}

function isPointwise({ inputs, output, attributes }: Node<"conv2d">, { nodes, constants }: Graph): boolean {
  const [, kernelHeight, kernelWidth] = constants.get(inputs[1] ?? "")?.shape ?? [];
  const { stride, padding, activation } = attributes;
  return (
    kernelHeight === 1 &&
    kernelWidth === 1 &&
    stride === 1 &&
    Object.values(padding).every((pixels) => pixels === 0) &&
    activation === "none" &&
    inputs.length === 3 &&
    nodes.filter((node) => node.inputs.includes(output)).length === 1
  );
}

/** The convolution for the objectness, and the head's inputs for the other logits of this scale. */
function splitScale(convolution: Node<"conv2d">, anchors: number, constants: Map<string, Constant>) {
  const [x = "", weightsName = "", biasName = ""] = convolution.inputs;
  const names = [weightsName, biasName].map((name) => {
    const { shape, data } = constants.get(name) ?? floats([0], new Float32Array());
    const rowLength = data.length / (shape[0] ?? 1);
    const perAnchor = (shape[0] ?? 0) / anchors;
    const rows = Array.from({ length: anchors }, (_, anchor) => {
      const first = (anchor * perAnchor + OBJECTNESS) * rowLength;
      return [...data.subarray(first, first + rowLength)];
    });
    const own = `${name}.objectness`;
    constants.set(own, floats([anchors, ...shape.slice(1)], Float32Array.from(rows.flat())));
    return own;
  });
  return {
    objectness: makeNode("conv2d", [x, ...names], `${convolution.output}.objectness`, convolution.attributes),
    inputs: [x, weightsName, biasName],
  };
}
