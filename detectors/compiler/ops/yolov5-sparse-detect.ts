import type { Tensor, ValueType } from "../graph/value.ts";
import { convolutionShape, convolve } from "./conv2d.ts";
import { DETECTIONS_SHAPE } from "./non-maximum-suppression.ts";
import type { OperatorDefinition } from "./operator.ts";
import { checkInputCount, featureMap, ShapeError, STORED_TYPES, sameShape, tensorAt } from "./shapes.ts";
import { checkHead, detectYolov5, YOLOV5_HEAD_FACTS, type Yolov5DetectAttributes } from "./yolov5-detect.ts";

export interface SparseDetectAttributes extends Yolov5DetectAttributes {
  /** Per scale, the real value of an accumulator of 1 per output; undefined where x and weights are f32. */
  readonly multipliers: readonly (Float32Array | undefined)[];
}

/** Inputs of one scale: objectness, x, weights, bias. */
const INPUTS_PER_SCALE = 4;
const FEATURES = 1;
/** Index of the objectness in an anchor's logits. */
export const OBJECTNESS = 4;

const POINTWISE = { stride: 1, padding: { top: 0, left: 0, bottom: 0, right: 0 } };

function infer(inputs: readonly ValueType[], attributes: SparseDetectAttributes): ValueType {
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
    if ((inputs[first + FEATURES]?.affine === undefined) !== (multiplier === undefined)) {
      throw new ShapeError(`scale ${scale}: expected multipliers for quantized features, and only for these`);
    }
    if (multiplier !== undefined && multiplier.length !== channels) {
      throw new ShapeError(`scale ${scale}: expected ${channels} multipliers, received ${multiplier.length}`);
    }
  });
  return { dtype: "f32", shape: DETECTIONS_SHAPE };
}

/**
 * yolov5_detect fused with its head convolutions, which it computes only for anchors that contain an object. Inputs per
 * scale: objectness logits [h, w, anchors], features x [h, w, c], weights [anchors·(5 + classes), 1, 1, c], bias.
 */
export const yolov5SparseDetect: OperatorDefinition<SparseDetectAttributes> = {
  ...YOLOV5_HEAD_FACTS,
  integers: {
    makesMap: false,
    inputs: (count) =>
      Array.from({ length: count / INPUTS_PER_SCALE }, (_, scale) => scale * INPUTS_PER_SCALE + FEATURES),
  },
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
