import { intersectionOverUnion } from "../../../agent/base/box.ts";
import type { Box } from "../../../detectors/detector.ts";
import type { Size } from "../contestants.ts";

/** A detected person; the box is in pixels of the model's input. */
export interface Person {
  readonly score: number;
  readonly box: Box;
}

/** YOLOv5's heads: pixels per cell and the sizes of the three anchors (yolov5n.yaml). */
const HEADS = [
  { stride: 8, anchors: [10, 13, 16, 30, 33, 23] },
  { stride: 16, anchors: [30, 61, 62, 45, 59, 119] },
  { stride: 32, anchors: [116, 90, 156, 198, 373, 326] },
] as const;
const ANCHORS = 3;
/** Centre, size, objectness and COCO's 80 classes; person is the first class. */
const CHANNELS = 85;
const PERSON = 5;
const NMS_IOU = 0.45;

/**
 * Decodes the people in the logits of the three heads, best score first, like YOLOv5's export and its detect.py
 * (https://github.com/ultralytics/yolov5, models/yolo.py and utils/general.py).
 * @param heads NCHW, the finest first
 */
export function peopleIn(
  heads: readonly Float32Array[],
  { width, height }: Size,
  lowestScore: number,
): Person[] {
  const candidates = HEADS.flatMap(({ stride, anchors }, index) => {
    const logits = heads[index] ?? new Float32Array();
    return [...candidatesOf(logits, width / stride, height / stride, stride, anchors, lowestScore)];
  });
  const kept: Person[] = [];
  for (const candidate of candidates.toSorted((a, b) => b.score - a.score)) {
    if (kept.every(({ box }) => intersectionOverUnion(box, candidate.box) <= NMS_IOU)) kept.push(candidate);
  }
  return kept;
}

function* candidatesOf(
  logits: Float32Array,
  columns: number,
  rows: number,
  stride: number,
  anchors: readonly number[],
  lowestScore: number,
): Generator<Person> {
  const cells = columns * rows;
  // The logistic function is monotonic: most cells are ruled out by their logit, without computing it.
  const lowestLogit = Math.log(lowestScore / (1 - lowestScore));
  for (let anchor = 0; anchor < ANCHORS; anchor++) {
    const plane = anchor * CHANNELS * cells;
    for (let cell = 0; cell < cells; cell++) {
      const at = (channel: number): number => logistic(logits[plane + channel * cells + cell] ?? 0);
      if ((logits[plane + 4 * cells + cell] ?? 0) < lowestLogit) continue;
      const score = at(4) * at(PERSON);
      if (score < lowestScore) continue;
      const x = (2 * at(0) - 0.5 + (cell % columns)) * stride;
      const y = (2 * at(1) - 0.5 + Math.floor(cell / columns)) * stride;
      const halfWidth = ((2 * at(2)) ** 2 * (anchors[2 * anchor] ?? 0)) / 2;
      const halfHeight = ((2 * at(3)) ** 2 * (anchors[2 * anchor + 1] ?? 0)) / 2;
      yield { score, box: [x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight] };
    }
  }
}

function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x));
}
