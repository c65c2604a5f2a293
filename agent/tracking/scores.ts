/** Scores of the last looks at an object, oldest first; 0 for one that did not find it. Frigate's rules. */
export type Scores = readonly number[];

const KEPT = 10;
const PADDED_TO = 3;

/** The history with one look more. */
export function addScore(scores: Scores, score: number): Scores {
  return [...scores, score].slice(-KEPT);
}

/** The middle of the scores, as if there had been at least three: one good frame alone is worth nothing. */
export function medianScore(scores: Scores): number {
  const padding = new Array<number>(Math.max(0, PADDED_TO - scores.length)).fill(0);
  return median([...scores, ...padding]);
}

/** The middle of some numbers; between the two middle ones where their count is even. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? 0;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? 0) + upper) / 2 : upper;
}
