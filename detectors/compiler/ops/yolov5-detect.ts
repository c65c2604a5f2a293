import type { Thresholds } from "../../contract.ts";
import type { Tensor, ValueType } from "../graph/value.ts";
import { logistic } from "./activation.ts";
import { DETECTIONS_SHAPE, type DetectionCandidate, toDetections } from "./non-maximum-suppression.ts";
import { detectionHeadFacts, type OperatorDefinition } from "./operator.ts";
import { checkInputCount, featureMap, mapSize, ShapeError, tensorAt } from "./shapes.ts";

/** One scale of the YOLOv5 head: stride and anchor sizes in pixels of the input. */
export interface DetectScale {
  readonly stride: number;
  readonly anchors: readonly (readonly [width: number, height: number])[];
}

export interface Yolov5DetectAttributes {
  readonly scales: readonly DetectScale[];
  readonly classes: number;
}

/** The facts of both YOLOv5 heads. */
export const YOLOV5_HEAD_FACTS = {
  ...detectionHeadFacts(({ scales }: Yolov5DetectAttributes) => scales.map(({ stride }) => stride)),
  show: ({ scales, classes }: Yolov5DetectAttributes) =>
    [...scales.map(({ stride, anchors }) => `/${stride}:${anchors.length}`), `classes=${classes}`].join(" "),
} as const;

/** @throws ShapeError unless the head has at least one scale and one class. */
export function checkHead({ scales, classes }: Yolov5DetectAttributes): void {
  if (scales.length === 0) throw new ShapeError("expected at least one scale");
  if (!Number.isSafeInteger(classes) || classes < 1) {
    throw new ShapeError(`expected at least one class, received ${classes}`);
  }
}

function infer(inputs: readonly ValueType[], attributes: Yolov5DetectAttributes): ValueType {
  const { scales, classes } = attributes;
  checkHead(attributes);
  checkInputCount(inputs, scales.length, scales.length);
  scales.forEach(({ anchors }, index) => {
    const channels = featureMap(inputs, index)[2];
    const expected = anchors.length * (5 + classes);
    if (channels !== expected) {
      throw new ShapeError(
        `input ${index}: expected ${anchors.length} anchors × (5 + ${classes} classes) = ${expected} channels, received ${channels}`,
      );
    }
  });
  return { dtype: "f32", shape: DETECTIONS_SHAPE };
}

/** The candidates of one scale, in scan order: y, x, anchor. */
function* decode(
  { data, shape }: Tensor,
  { stride, anchors }: DetectScale,
  classes: number,
  scoreThreshold: number,
): Generator<DetectionCandidate> {
  const [height, width] = mapSize({ data, shape });
  const perAnchor = 5 + classes;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (const [anchor, [anchorWidth, anchorHeight]] of anchors.entries()) {
        const at = ((y * width + x) * anchors.length + anchor) * perAnchor;
        const logit = (index: number): number => data[at + index] ?? 0;
        const objectness = logistic(logit(4));
        if (!(objectness > scoreThreshold)) continue;
        let label = 0;
        for (let c = 1; c < classes; c++) if (logit(5 + c) > logit(5 + label)) label = c;
        // Scores are compared as f32, so that ties resolve as in the kernel.
        const score = Math.fround(objectness * logistic(logit(5 + label)));
        if (!(score > scoreThreshold)) continue;
        const centreX = (2 * logistic(logit(0)) - 0.5 + x) * stride;
        const centreY = (2 * logistic(logit(1)) - 0.5 + y) * stride;
        const halfWidth = ((2 * logistic(logit(2))) ** 2 * anchorWidth) / 2;
        const halfHeight = ((2 * logistic(logit(3))) ** 2 * anchorHeight) / 2;
        yield {
          box: [centreX - halfWidth, centreY - halfHeight, centreX + halfWidth, centreY + halfHeight],
          score,
          label,
        };
      }
    }
  }
}

/** The detections in the logits of all scales. */
export function detectYolov5(
  inputs: readonly Tensor[],
  { scales, classes }: Yolov5DetectAttributes,
  thresholds: Thresholds,
): Tensor {
  const candidates = scales.flatMap((scale, index) => [
    ...decode(tensorAt(inputs, index), scale, classes, thresholds.score),
  ]);
  return toDetections(candidates, thresholds.iou);
}

/**
 * Inputs: the logits of the head convolutions, one per scale, [h, w, anchors·(5 + classes)]. Output [300, 6]: x1, y1, x2, y2,
 * score, label of the boxes that class-wise non-maximum suppression keeps.
 *
 * YOLOv5 Detect (v6, v7: "Eliminate Grid Sensitivity" decode) and class-wise greedy non-maximum suppression.
 *
 * For cell (x, y) and anchor a, with the logits t at channels a·(5 + classes) and s = sigmoid:
 * centre = (2·s(t₀₁) − 0.5 + cell)·stride, size = (2·s(t₂₃))²·anchor, score = s(t₄)·s(best class logit).
 * A candidate needs objectness and score above the score threshold; the lowest class index wins ties. Rows are ordered
 * by score, best first; unused rows are zeros (a score is never zero). Boxes are not clipped to the image.
 */
export const yolov5Detect: OperatorDefinition<Yolov5DetectAttributes> = {
  ...YOLOV5_HEAD_FACTS,
  infer,
  reference: detectYolov5,
};
