import type { Tensor } from "../graph/value.ts";
import { type OperatorDefinition, TENSOR_FACTS } from "./operator.ts";
import { checkInputCount, ShapeError, showType, tensorAt } from "./shapes.ts";

export interface SelectBoxesAttributes {
  /** The first column of the scores that counts: 1 where column 0 is the background. */
  readonly firstClass: number;
  /** The most boxes that are selected. */
  readonly most: number;
  /** Boxes with a lower score are not selected. */
  readonly scoreThreshold: number;
  /** Boxes that overlap a better one more than this are not selected. */
  readonly iouThreshold: number;
}

/** Numbers per selected box: its corners, its class and its score. */
export const SELECTED = 6;

/**
 * The best boxes by non-maximum suppression over all classes (TensorFlow Lite's TFLite_Detection_PostProcess, "fast" variant).
 * Inputs: corners [boxes, 4] as y1, x1, y2, x2, and scores [boxes, classes]. Output: a row of corners, class and score for each
 * selected box, best first, then rows of zeros up to `most`, then a row that begins with the number of boxes.
 */
export const selectBoxes: OperatorDefinition<SelectBoxesAttributes> = {
  ...TENSOR_FACTS,
  infer(inputs, { firstClass, most }) {
    checkInputCount(inputs, 2, 2);
    const [corners, scores] = inputs;
    const [count, sides] = corners?.shape ?? [];
    const [rows, classes = 0] = scores?.shape ?? [];
    const areFloats = inputs.every(({ dtype, shape }) => dtype === "f32" && shape.length === 2);
    if (!areFloats || sides !== 4 || !count || rows !== count || classes <= firstClass) {
      throw new ShapeError(
        `expected f32 [boxes, 4] and [boxes, classes], received ${inputs.map(showType).join(", ")}`,
      );
    }
    if (!Number.isSafeInteger(most) || most < 1 || most > 10_000)
      throw new ShapeError(`selects ${most} boxes`);
    return { dtype: "f32", shape: [most + 1, SELECTED] };
  },
  reference(inputs, { firstClass, most, scoreThreshold, iouThreshold }): Tensor {
    const [corners, scores] = [tensorAt(inputs, 0), tensorAt(inputs, 1)];
    const [count = 0, classes = 0] = scores.shape;
    const candidates = Array.from({ length: count }, (_, box) => {
      const row = scores.data.subarray(box * classes + firstClass, (box + 1) * classes);
      const score = row[0] === undefined ? 0 : Math.max(...row);
      return { corners: [...corners.data.subarray(4 * box, 4 * box + 4)], label: row.indexOf(score), score };
    }).filter(({ score }) => score >= Math.fround(scoreThreshold));
    const data = new Float32Array((most + 1) * SELECTED);
    let selected = 0;
    // A stable sort: of equal scores the first box wins.
    let left = candidates.toSorted((a, b) => b.score - a.score);
    for (; selected < most && left[0] !== undefined; selected++) {
      const [best, ...others] = left;
      data.set([...best.corners, best.label, best.score], selected * SELECTED);
      left = others.filter((other) => !(overlap(best.corners, other.corners) > Math.fround(iouThreshold)));
    }
    data[most * SELECTED] = selected;
    return { shape: [most + 1, SELECTED], data };
  },
};

/** Intersection over union in binary32; 0 where a box has no area. */
function overlap(a: readonly number[], b: readonly number[]): number {
  const { fround, max, min } = Math;
  const side = (low = 0, high = 0): number => fround(high - low);
  const area = ([top, left, bottom, right]: readonly number[]): number =>
    fround(side(top, bottom) * side(left, right));
  const [first, second] = [area(a), area(b)];
  if (!(first > 0 && second > 0)) return 0;
  const shared = (low: number): number =>
    max(0, side(max(a[low] ?? 0, b[low] ?? 0), min(a[low + 2] ?? 0, b[low + 2] ?? 0)));
  const common = fround(shared(0) * shared(1));
  return fround(common / fround(fround(first + second) - common));
}
