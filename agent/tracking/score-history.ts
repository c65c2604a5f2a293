import { median } from "../base/numbers.ts";

/** Scores of the latest detection passes that covered an object, oldest first; 0 where it was missed. As in Frigate. */
export type ScoreHistory = readonly number[];

const KEPT = 10;
const PADDED_TO = 3;

/** Appends a score and drops the oldest. */
export function addScore(history: ScoreHistory, score: number): ScoreHistory {
  return [...history, score].slice(-KEPT);
}

/** The median score. A short history is padded with zeros to three scores: a single good frame counts for nothing. */
export function medianScore(history: ScoreHistory): number {
  const padding = new Array<number>(Math.max(0, PADDED_TO - history.length)).fill(0);
  return median([...history, ...padding]);
}
