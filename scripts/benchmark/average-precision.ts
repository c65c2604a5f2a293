/**
 * Measures how well the detections of one detector agree with those of another, which count as the truth. Precision, recall
 * and matching follow pycocotools (COCOeval): for each label and IoU threshold the detections of all images are matched in
 * descending order of score, each to the unmatched true box of its image that it overlaps most.
 */
import type { Box, Detection } from "../../detectors/detector.ts";

/** Detections of two detectors in the same image. */
export interface Sighting {
  readonly truth: readonly Detection[];
  readonly found: readonly Detection[];
}

/** COCO's ten thresholds: 0.50, 0.55 … 0.95. */
export const COCO_THRESHOLDS: readonly number[] = Array.from(
  { length: 10 },
  (_, step) => (50 + 5 * step) / 100,
);
/** COCO samples the precision at 101 recalls: 0, 0.01 … 1. */
const RECALLS = Array.from({ length: 101 }, (_, step) => step / 100);

/** Intersection over union of two boxes; 0 when either is empty. */
export function intersectionOverUnion(a: Box, b: Box): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / (areaOf(a) + areaOf(b) - shared);
}

function areaOf([x1, y1, x2, y2]: Box): number {
  return (x2 - x1) * (y2 - y1);
}

/** A detection and the true detection it was matched to. */
export interface Match {
  readonly found: Detection;
  /** undefined: a false positive. */
  readonly truth: Detection | undefined;
}

/**
 * Matches the detections of one image, all labels, in descending order of score.
 * @param threshold minimum IoU of a match
 */
export function matchDetections({ truth, found }: Sighting, threshold: number): Match[] {
  const free = new Set(truth);
  return found
    .toSorted((a, b) => b.score - a.score)
    .map((detection) => {
      let best: Detection | undefined;
      let bestOverlap = threshold;
      for (const candidate of free) {
        if (candidate.label !== detection.label) continue;
        const overlap = intersectionOverUnion(candidate.box, detection.box);
        if (overlap < bestOverlap || (best !== undefined && overlap === bestOverlap)) continue;
        best = candidate;
        bestOverlap = overlap;
      }
      if (best !== undefined) free.delete(best);
      return { found: detection, truth: best };
    });
}

/**
 * Mean average precision over all labels that occur in the truth, at one IoU threshold: 0..1.
 * @returns NaN when the truth is empty
 */
export function meanAveragePrecision(sightings: readonly Sighting[], threshold: number): number {
  const truths = new Map<string, number>();
  for (const { label } of sightings.flatMap(({ truth }) => truth))
    truths.set(label, (truths.get(label) ?? 0) + 1);
  const matches = sightings.flatMap((sighting) => matchDetections(sighting, threshold));
  const precisions = [...truths].map(([label, count]) =>
    averagePrecision(
      matches.filter(({ found }) => found.label === label),
      count,
    ),
  );
  return precisions.reduce((sum, precision) => sum + precision, 0) / precisions.length;
}

/**
 * Average precision of one label: the mean precision at 101 recalls, each the best at that recall or a higher one (the
 * interpolation of PASCAL VOC, Everingham et al. 2010, at COCO's points).
 */
function averagePrecision(matches: readonly Match[], truths: number): number {
  let hits = 0;
  const curve = matches
    .toSorted((a, b) => b.found.score - a.found.score)
    .map(({ truth }, index) => {
      if (truth !== undefined) hits++;
      return { recall: hits / truths, precision: hits / (index + 1) };
    });
  for (let at = curve.length - 2; at >= 0; at--) {
    const [here, next] = [curve[at], curve[at + 1]];
    if (here !== undefined && next !== undefined) here.precision = Math.max(here.precision, next.precision);
  }
  const total = RECALLS.reduce(
    (sum, recall) => sum + (curve.find((point) => point.recall >= recall)?.precision ?? 0),
    0,
  );
  return total / RECALLS.length;
}

/** Agreement of two detectors. */
export interface Agreement {
  readonly pictures: number;
  /** Number of true detections. */
  readonly truths: number;
  /** Share of detections that are true, and share of true detections that were found: 0..1 at IoU 0.5. */
  readonly precision: number;
  readonly recall: number;
  /** Mean distance of matched edges, pixels of the model input. */
  readonly box_error: number;
  /** Mean difference of matched scores. */
  readonly score_error: number;
  /** Mean average precision at IoU 0.5, and the mean over COCO's ten thresholds: 0..1. */
  readonly map_50: number;
  readonly map_50_95: number;
}

/**
 * Compares the detections of two detectors.
 * @param sightings detections down to a very low score: average precision needs the whole list
 * @param least minimum score of a detection for precision, recall and errors. For average precision it applies to the
 *   truth only.
 */
export function agreement(sightings: readonly Sighting[], least: number): Agreement {
  const meant = (detections: readonly Detection[]) => detections.filter(({ score }) => score >= least);
  const ranked = sightings.map(({ truth, found }) => ({ truth: meant(truth), found }));
  const matches = ranked.flatMap(({ truth, found }) => matchDetections({ truth, found: meant(found) }, 0.5));
  const pairs = matches.flatMap(({ found, truth }) => (truth === undefined ? [] : [{ found, truth }]));
  const truths = ranked.reduce((sum, { truth }) => sum + truth.length, 0);
  const edges = pairs.flatMap(({ found, truth }) =>
    found.box.map((edge, at) => Math.abs(edge - (truth.box[at] ?? 0))),
  );
  return {
    pictures: sightings.length,
    truths,
    precision: pairs.length / matches.length,
    recall: pairs.length / truths,
    box_error: mean(edges),
    score_error: mean(pairs.map(({ found, truth }) => Math.abs(found.score - truth.score))),
    map_50: meanAveragePrecision(ranked, 0.5),
    map_50_95: mean(COCO_THRESHOLDS.map((threshold) => meanAveragePrecision(ranked, threshold))),
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
