/** Working memory of the YOLOv5 heads' kernels. */
import { DETECTION_BYTES } from "../../module-format.ts";
import type { Node } from "../graph/graph.ts";
import type { DetectScale } from "../ops/yolov5-detect.ts";
import type { TypeOfValue } from "./kernel.ts";
import { TILE_VECTORS } from "./micro-kernel.ts";

export function detectScratchBytes({ attributes, inputs }: Node<"yolov5_detect">, type: TypeOfValue): number {
  return candidateBytes(attributes.scales, inputs, type);
}

export function sparseDetectScratchBytes(
  { attributes, inputs }: Node<"yolov5_sparse_detect">,
  type: TypeOfValue,
): number {
  const objectness = inputs.filter((_, index) => index % 4 === 0);
  return anchorBytes(attributes.classes) + candidateBytes(attributes.scales, objectness, type);
}

/** Every anchor of every cell can be a candidate. */
function candidateBytes(scales: readonly DetectScale[], grids: readonly string[], type: TypeOfValue): number {
  return scales.reduce((bytes, { anchors }, scale) => {
    const [height = 0, width = 0] = type(grids[scale] ?? "").shape;
    return bytes + height * width * anchors.length * DETECTION_BYTES;
  }, 0);
}

/** Working memory for one anchor: a block of accumulators, then the logits. */
export function anchorBytes(classes: number): number {
  return ACCUMULATOR_BYTES + Math.ceil((5 + classes) / 4) * 16;
}

/** The accumulators of one pixel and one block of channels. */
export const ACCUMULATOR_BYTES = TILE_VECTORS * 16;
