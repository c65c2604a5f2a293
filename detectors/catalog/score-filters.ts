import type { ScoreFilter } from "../module-format.ts";

/** The `min_score` and `threshold` that fit a model's scores. */
interface ModelScores {
  /** Labels whose scores were compared with labelled clips. */
  readonly labels: Readonly<Record<string, ScoreFilter>>;
  /** All other labels of the model. */
  readonly others: ScoreFilter;
}

/**
 * By the model's name in the catalogue. With these filters YOLOv5n reports 305 of the labelled objects from which they were chosen,
 * of which 295 are real, and 179 of those in other clips, of which 174 are real. At 0.7 for every label it reports 165, of which 161
 * are real, and 110, of which 109 are real (`npm run -s bench:scores`, `--set held-out`). Of ten buses that it reports at 0.6, seven
 * are other vehicles seen from above.
 */
const SCORES: Readonly<Record<string, ModelScores>> = {
  yolov5n: {
    labels: {
      person: { min_score: 0.4, threshold: 0.5 },
      car: { min_score: 0.4, threshold: 0.5 },
      bus: { min_score: 0.5, threshold: 0.7 },
    },
    others: { min_score: 0.45, threshold: 0.6 },
  },
  // Not compared with labelled clips. A person detected in every frame scores 0.45 to 0.75, with YOLOv5n 0.75 to 0.9.
  mobilenet: { labels: {}, others: { min_score: 0.4, threshold: 0.5 } },
};

/** The filters of a model for each of its labels; undefined for a model that the catalogue does not list. */
export function scoreFilters(
  name: string,
  labels: readonly string[],
): Readonly<Record<string, ScoreFilter>> | undefined {
  const scores = SCORES[name];
  if (scores === undefined) return undefined;
  return Object.fromEntries(labels.map((label) => [label, scores.labels[label] ?? scores.others]));
}
