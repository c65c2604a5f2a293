import type { Tensor } from "../graph/value.ts";
import { DETECTIONS_SHAPE, type DetectionCandidate, toDetections } from "./non-maximum-suppression.ts";
import { detectionHeadFacts, type OperatorDefinition } from "./operator.ts";
import { checkInputCount, featureMap, mapSize, ShapeError, tensorAt } from "./shapes.ts";

export interface CenternetDetectAttributes {
  /** Pixels of the input per cell of the heat map. */
  readonly stride: number;
  /** The most peaks that are kept. */
  readonly candidates: number;
}

/** Every peak above the threshold, in scan order: y, x, class. */
function* peaksOf(
  heat: Tensor,
  sizes: Tensor,
  stride: number,
  scoreThreshold: number,
): Generator<DetectionCandidate> {
  const [height, width, classes] = mapSize(heat);
  const heatAt = (y: number, x: number, label: number): number =>
    y < 0 || y >= height || x < 0 || x >= width ? 0 : (heat.data[(y * width + x) * classes + label] ?? 0);
  const isPeak = (score: number, y: number, x: number, label: number): boolean =>
    [-1, 0, 1].every((dy) => [-1, 0, 1].every((dx) => heatAt(y + dy, x + dx, label) <= score));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [left = 0, top = 0, right = 0, bottom = 0] = sizes.data.subarray((y * width + x) * 4);
      for (let label = 0; label < classes; label++) {
        const score = heatAt(y, x, label);
        if (!(score > scoreThreshold) || !isPeak(score, y, x, label)) continue;
        const box = [x * stride - left, y * stride - top, x * stride + right, y * stride + bottom] as const;
        yield { box, score, label };
      }
    }
  }
}

/**
 * Inputs: the heat map [h, w, classes] (0..1) and the distances from the cell to the left, top, right and bottom sides of the
 * box [h, w, 4], in pixels of the input. A peak is the maximum of its class among its 3×3 cells. Output like `yolov5_detect`.
 *
 * CenterNet (Zhou et al. 2019, arXiv:1904.07850): a box per peak of the heat map. The highest `candidates` peaks are kept
 * (the earliest of equals), followed by class-wise non-maximum suppression as in `yolov5_detect`.
 */
export const centernetDetect: OperatorDefinition<CenternetDetectAttributes> = {
  ...detectionHeadFacts(({ stride }: CenternetDetectAttributes) => [stride]),
  infer(inputs, { candidates }) {
    checkInputCount(inputs, 2, 2);
    const [height, width] = featureMap(inputs, 0);
    const [sizeHeight, sizeWidth, sides] = featureMap(inputs, 1);
    if (sizeHeight !== height || sizeWidth !== width || sides !== 4) {
      throw new ShapeError(
        `sizes: expected [${height}, ${width}, 4], received [${sizeHeight}, ${sizeWidth}, ${sides}]`,
      );
    }
    if (!Number.isSafeInteger(candidates) || candidates < 1) {
      throw new ShapeError(`candidates must be a positive integer, received ${candidates}`);
    }
    return { dtype: "f32", shape: DETECTIONS_SHAPE };
  },
  reference(inputs, { stride, candidates }, thresholds) {
    const peaks = [...peaksOf(tensorAt(inputs, 0), tensorAt(inputs, 1), stride, thresholds.score)];
    // Sorting is stable, so equal peaks keep scan order.
    const best = peaks.toSorted((a, b) => b.score - a.score).slice(0, candidates);
    return toDetections(best, thresholds.iou);
  },
};
