import { intersectionOverUnion } from "../../../agent/base/box.ts";
import type { Box } from "../../../detectors/detector.ts";
import type { LabelledObject } from "./labels.ts";

/** A track of a clip: its best median score, and its boxes by time. */
export interface ScoredTrack {
  readonly label: string;
  readonly topScore: number;
  readonly boxes: readonly { readonly seconds: number; readonly box: Box }[];
}

/** A labelled object, and the best score of the tracks that show it. */
export interface JudgedObject {
  readonly label: string;
  readonly isReal: boolean;
  readonly score: number;
}

/** What would be reported at a threshold. */
export interface ScoreFigures {
  /** Labelled objects that are reported, and those of them that are real. */
  readonly reported: number;
  readonly real: number;
  readonly precision: number;
  readonly recall: number;
}

export interface ScoreRow extends ScoreFigures {
  readonly label: string;
  /** undefined: what the module states for each label. */
  readonly threshold: number | undefined;
}

/** A track shows a labelled object if their boxes overlap this much at nearly the same time. */
const SAME_OBJECT_IOU = 0.4;
const SAME_TIME_SECONDS = 0.3;

/** The best score of a labelled object: that of the best track that shows it; 0 if none does. */
export function bestScore(object: LabelledObject, tracks: readonly ScoredTrack[]): number {
  const showsIt = ({ label, boxes }: ScoredTrack) =>
    label === object.label &&
    boxes.some(
      ({ seconds, box }) =>
        Math.abs(seconds - object.seconds) <= SAME_TIME_SECONDS &&
        intersectionOverUnion(box, object.box) >= SAME_OBJECT_IOU,
    );
  return Math.max(0, ...tracks.filter(showsIt).map(({ topScore }) => topScore));
}

/** Precision and recall of a label's objects at each threshold. */
export function scoreRows(
  label: string,
  objects: readonly JudgedObject[],
  thresholds: readonly number[],
): readonly ScoreRow[] {
  return thresholds.map((threshold) => ({ label, threshold, ...scoreFigures(objects, () => threshold) }));
}

/** Precision and recall of objects with a threshold for each label. */
export function scoreFigures(
  objects: readonly JudgedObject[],
  threshold: (label: string) => number,
): ScoreFigures {
  const all = objects.filter(({ isReal }) => isReal).length;
  const reported = objects.filter(({ label, score }) => score >= threshold(label));
  const real = reported.filter(({ isReal }) => isReal).length;
  return {
    reported: reported.length,
    real,
    precision: rounded(real / Math.max(1, reported.length)),
    recall: rounded(real / Math.max(1, all)),
  };
}

function rounded(share: number): number {
  return Math.round(share * 1e4) / 1e4;
}
