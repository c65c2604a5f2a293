import { DETECTION_BYTES } from "../../module-format.ts";
import type { Graph, Node } from "../graph/graph.ts";
import { TILE_VECTORS } from "./conv2d-tile.ts";
import { planWinograd, usesWinograd } from "./winograd.ts";

/** Bytes of working memory that a node's kernel needs while it runs. */
export function scratchBytesOf(node: Node, graph: Graph): number {
  switch (node.op) {
    case "conv2d":
    case "quantized_conv2d": {
      const shape = (value: string) => graph.values.get(value)?.shape ?? [];
      const [, , , inputs = 0] = shape(node.inputs[1] ?? "");
      const isQuantized = node.op === "quantized_conv2d";
      if (usesWinograd(node, shape)) {
        return planWinograd(shape(node.output), inputs, isQuantized).scratchBytes;
      }
      const [, width = 0] = shape(node.output);
      return isQuantized ? width * TILE_VECTORS * 16 : 0;
    }
    case "yolov5_detect":
      // Every anchor of every cell may be a candidate.
      return node.attributes.scales.reduce((bytes, { anchors }, scale) => {
        const [height = 0, width = 0] = graph.values.get(node.inputs[scale] ?? "")?.shape ?? [];
        return bytes + height * width * anchors.length * DETECTION_BYTES;
      }, 0);
    case "centernet_detect":
      // The last one's room is read, though not used, when those behind an evicted candidate move up.
      return (node.attributes.candidates + 1) * DETECTION_BYTES;
    default:
      return 0;
  }
}
