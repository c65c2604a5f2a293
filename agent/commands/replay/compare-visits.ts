import { assign } from "../../tracking/assignment.ts";
import type { Visit } from "./visits.ts";

/** The result for an expected or an unexpected visit. */
export type Comparison =
  | Counterparts
  | { readonly kind: "missing"; readonly expected: Visit }
  | { readonly kind: "extra"; readonly found: Visit };

/** An expected visit and the found visit that matches it. */
export interface Counterparts {
  readonly kind: "same" | "other";
  readonly expected: Visit;
  readonly found: Visit;
  readonly differs: readonly Aspect[];
}

/** The properties in which two visits can differ. */
export type Aspect = "label" | "start" | "end" | "zones";

/** Visits with different labels match, as one that is mislabelled, only if they share this much of their time. */
const MISLABELLED_OVERLAP = 0.5;
/** Higher than the cost of any pair with the same label. */
const OTHER_LABEL_COST = 2;

/**
 * Matches expected with found visits: as many as possible, with the best agreement of their times. Only visits that overlap
 * in time match.
 * @param toleranceSeconds largest difference of times that agree
 * @returns sorted by time
 */
export function compareVisits(
  expected: readonly Visit[],
  found: readonly Visit[],
  toleranceSeconds: number,
): readonly Comparison[] {
  const pairs = assign(expected.map((one) => found.map((other) => cost(one, other, toleranceSeconds))));
  const joined: Comparison[] = pairs.flatMap(({ row, column }) => {
    const [one, other] = [expected[row], found[column]];
    if (one === undefined || other === undefined) return [];
    const differs = differencesOf(one, other, toleranceSeconds);
    return [{ kind: differs.length === 0 ? "same" : "other", expected: one, found: other, differs }];
  });
  const rows = new Set(pairs.map(({ row }) => row));
  const columns = new Set(pairs.map(({ column }) => column));
  const missing = expected.filter((_, row) => !rows.has(row));
  const extra = found.filter((_, column) => !columns.has(column));
  return [
    ...joined,
    ...missing.map((visit): Comparison => ({ kind: "missing", expected: visit })),
    ...extra.map((visit): Comparison => ({ kind: "extra", found: visit })),
  ].sort((a, b) => startOf(a) - startOf(b));
}

function startOf(comparison: Comparison): number {
  return comparison.kind === "extra" ? comparison.found.start : comparison.expected.start;
}

function differencesOf(expected: Visit, found: Visit, tolerance: number): readonly Aspect[] {
  // Times have few decimals: a difference equal to the tolerance may be slightly larger in binary.
  const agree = (a: number | undefined, b: number | undefined) => {
    return a === undefined || (b !== undefined && Math.abs(a - b) <= tolerance + 1e-6);
  };
  const aspects: readonly (readonly [Aspect, boolean])[] = [
    ["label", expected.label === found.label],
    ["start", agree(expected.start, found.start)],
    ["end", agree(expected.end, found.end)],
    ["zones", expected.zones === undefined || isSameSet(expected.zones, found.zones ?? [])],
  ];
  return aspects.filter(([, isSame]) => !isSame).map(([aspect]) => aspect);
}

function isSameSet(a: readonly string[], b: readonly string[]): boolean {
  return new Set(a).size === new Set([...a, ...b]).size && new Set(a).size === new Set(b).size;
}

/** 0 for the same time, 1 for hardly any in common, Infinity for none. */
function cost(expected: Visit, found: Visit, tolerance: number): number {
  const overlap = overlapInTime(expected, found, tolerance);
  if (overlap === 0) return Infinity;
  if (expected.label === found.label) return 1 - overlap;
  return overlap >= MISLABELLED_OVERLAP ? OTHER_LABEL_COST - overlap : Infinity;
}

/** Shared time over total time, 0..1. Both visits are extended by the tolerance at each end. An unknown end always agrees. */
function overlapInTime(a: Visit, b: Visit, tolerance: number): number {
  // A visit without duration gets a minimum.
  const margin = Math.max(tolerance, 0.05);
  const latest = Math.max(a.end ?? a.start, b.end ?? b.start);
  const [aEnd, bEnd] = [a.end ?? latest, b.end ?? latest];
  const shared = Math.min(aEnd, bEnd) - Math.max(a.start, b.start) + 2 * margin;
  const both = Math.max(aEnd, bEnd) - Math.min(a.start, b.start) + 2 * margin;
  return Math.max(0, shared) / both;
}
