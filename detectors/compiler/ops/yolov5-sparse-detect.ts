import type { OperatorAttributes, ValueType } from "../graph/graph.ts";
import { convolutionShape, convolve } from "./conv2d.ts";
import { DETECTIONS_SHAPE } from "./non-maximum-suppression.ts";
import {
  checkInputCount,
  featureMap,
  type OperatorDefinition,
  ShapeError,
  STORED_TYPES,
  sameShape,
  type Tensor,
  tensorAt,
} from "./operator.ts";
import { checkHead, detectYolov5 } from "./yolov5-detect.ts";

/** Inputs of one scale: objectness, x, weights, bias. */
const INPUTS_PER_SCALE = 4;
/** Index of the objectness in an anchor's logits. */
export const OBJECTNESS = 4;

const POINTWISE = { stride: 1, padding: { top: 0, left: 0, bottom: 0, right: 0 } };

function infer(
  inputs: readonly ValueType[],
  attributes: OperatorAttributes["yolov5_sparse_detect"],
): ValueType {
  const { scales, classes, multipliers } = attributes;
  checkHead(attributes);
  checkInputCount(inputs, scales.length * INPUTS_PER_SCALE, scales.length * INPUTS_PER_SCALE);
  scales.forEach(({ anchors }, scale) => {
    const first = scale * INPUTS_PER_SCALE;
    const objectness = featureMap(inputs, first);
    const logits = convolutionShape(
      inputs.slice(first + 1, first + INPUTS_PER_SCALE),
      POINTWISE,
      STORED_TYPES,
      [],
    );
    const [height = 0, width = 0, channels] = logits;
    if (
      !sameShape(objectness, [height, width, anchors.length]) ||
      channels !== anchors.length * (5 + classes)
    ) {
      throw new ShapeError(
        `scale ${scale}: expected ${anchors.length} anchors × (5 + ${classes} classes), received objectness [${objectness.join(", ")}] and logits [${logits.join(", ")}]`,
      );
    }
    const multiplier = multipliers[scale];
    if (multiplier !== undefined && multiplier.length !== channels) {
      throw new ShapeError(`scale ${scale}: expected ${channels} multipliers, received ${multiplier.length}`);
    }
  });
  return { dtype: "f32", shape: DETECTIONS_SHAPE };
}

/** yolov5_detect on the logits of a 1×1 conv2d, with the objectness from a separate input. */
export const yolov5SparseDetect: OperatorDefinition<"yolov5_sparse_detect"> = {
  infer,
  reference(inputs, attributes, thresholds) {
    const { scales, classes, multipliers } = attributes;
    const logits = scales.map(({ anchors }, scale): Tensor => {
      const [objectness, x, weights, bias] = [0, 1, 2, 3].map((index) =>
        tensorAt(inputs, scale * INPUTS_PER_SCALE + index),
      );
      if (!objectness || !x || !weights || !bias) throw new ShapeError("a scale has four inputs");
      const channels = anchors.length * (5 + classes);
      return convolve(
        x,
        weights,
        POINTWISE,
        () => 0,
        (sum, output, at) => {
          const anchor = Math.floor(output / (5 + classes));
          if (output % (5 + classes) === OBJECTNESS) {
            return objectness.data[Math.floor(at / channels) * anchors.length + anchor] ?? 0;
          }
          return sum * (multipliers[scale]?.[output] ?? 1) + (bias.data[output] ?? 0);
        },
      );
    });
    return detectYolov5(logits, attributes, thresholds);
  },
};
