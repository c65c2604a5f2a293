import type { ScoreFilter } from "../module-format.ts";

/** The `min_score` and `threshold` that fit a model's scores. */
interface ModelScores {
  /** Labels whose scores were compared with labelled clips. */
  readonly labels: Readonly<Record<string, ScoreFilter>>;
  /** All other labels of the model. */
  readonly others: ScoreFilter;
}

/**
 * By the model's name in the catalogue. With these filters YOLOv5n reports 74 of the labelled objects in
 * `scripts/benchmark/scores/labels.csv`, of which 73 are real; at 0.7 it reports 48, all real (`npm run -s bench:scores`). Cars
 * have the filter of the other labels: at 0.4, parts of a parked car become cars of their own (tests/e2e/pipeline.test.ts).
 */
const SCORES: Readonly<Record<string, ModelScores>> = {
  yolov5n: {
    labels: { person: { min_score: 0.4, threshold: 0.5 } },
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
