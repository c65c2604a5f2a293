import { DETECTION_BYTES } from "../../module-format.ts";
import type { DetectScale, Graph, Node, ValueType } from "../graph/graph.ts";
import { TILE_VECTORS } from "./micro-kernel.ts";
import { planWinograd, winogradScheme } from "./winograd.ts";

const NO_TYPE: ValueType = { dtype: "f32", shape: [] };

/** Bytes of working memory of a node's kernel. */
export function scratchBytesOf(node: Node, graph: Graph): number {
  switch (node.op) {
    case "conv2d":
    case "quantized_conv2d": {
      const type = (value: string) => graph.values.get(value) ?? NO_TYPE;
      const [, , , inputs = 0] = type(node.inputs[1] ?? "").shape;
      const isQuantized = node.op === "quantized_conv2d";
      const scheme = winogradScheme(node, type);
      if (scheme !== undefined) {
        return planWinograd(scheme, type(node.output).shape, inputs, isQuantized).scratchBytes;
      }
      const [, width = 0] = type(node.output).shape;
      return isQuantized ? width * TILE_VECTORS * 16 : 0;
    }
    case "yolov5_detect":
      return candidateBytes(node.attributes.scales, node.inputs, graph);
    case "yolov5_sparse_detect": {
      const objectness = node.inputs.filter((_, index) => index % 4 === 0);
      return anchorBytes(node.attributes.classes) + candidateBytes(node.attributes.scales, objectness, graph);
    }
    case "centernet_detect":
      // One more than `candidates`: when candidates move up behind a removed one, the copy reads one past the end.
      return (node.attributes.candidates + 1) * DETECTION_BYTES;
    default:
      return 0;
  }
}

/** Every anchor of every cell can be a candidate. */
function candidateBytes(scales: readonly DetectScale[], grids: readonly string[], graph: Graph): number {
  return scales.reduce((bytes, { anchors }, scale) => {
    const [height = 0, width = 0] = graph.values.get(grids[scale] ?? "")?.shape ?? [];
    return bytes + height * width * anchors.length * DETECTION_BYTES;
  }, 0);
}

/** Working memory for one anchor: a block of accumulators, then the logits. */
export function anchorBytes(classes: number): number {
  return ACCUMULATOR_BYTES + Math.ceil((5 + classes) / 4) * 16;
}

/** The accumulators of one pixel and one block of channels. */
export const ACCUMULATOR_BYTES = TILE_VECTORS * 16;
