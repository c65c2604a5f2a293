import { MAX_DETECTIONS } from "../../module-format.ts";
import type { Tensor } from "../graph/value.ts";

/** x1, y1, x2, y2, score, label. */
const COLUMNS = 6;

/** The shape of every detection head's output. */
export const DETECTIONS_SHAPE = [MAX_DETECTIONS, COLUMNS] as const;

/** A box above the thresholds, before non-maximum suppression. */
export interface DetectionCandidate {
  readonly box: readonly [x1: number, y1: number, x2: number, y2: number];
  readonly score: number;
  readonly label: number;
}

/** The candidates that non-maximum suppression keeps, as rows of a detection head's output. */
export function toDetections(candidates: readonly DetectionCandidate[], iouThreshold: number): Tensor {
  const data = new Float32Array(MAX_DETECTIONS * COLUMNS);
  suppress(candidates, iouThreshold).forEach(({ box, score, label }, row) => {
    data.set([...box, score, label], row * COLUMNS);
  });
  return { shape: DETECTIONS_SHAPE, data };
}

/** Intersection over union of two boxes. */
function overlap(a: DetectionCandidate, b: DetectionCandidate): number {
  const width = Math.min(a.box[2], b.box[2]) - Math.max(a.box[0], b.box[0]);
  const height = Math.min(a.box[3], b.box[3]) - Math.max(a.box[1], b.box[1]);
  const shared = Math.max(0, width) * Math.max(0, height);
  const area = ({ box }: DetectionCandidate): number => (box[2] - box[0]) * (box[3] - box[1]);
  return shared / (area(a) + area(b) - shared);
}

/** Greedy class-wise non-maximum suppression: best first, the earliest of equals, at most MAX_DETECTIONS. */
function suppress(candidates: readonly DetectionCandidate[], iouThreshold: number): DetectionCandidate[] {
  // Sorting is stable, so equal scores keep scan order.
  let left = candidates.toSorted((a, b) => b.score - a.score);
  const taken: DetectionCandidate[] = [];
  while (taken.length < MAX_DETECTIONS) {
    const [best, ...rest] = left;
    if (!best) break;
    taken.push(best);
    left = rest.filter((other) => other.label !== best.label || !(overlap(best, other) > iouThreshold));
  }
  return taken;
}
