import { assign } from "../../tracking/assignment.ts";
import type { Visit } from "./visits.ts";

/** What came of one expected or unexpected visit. */
export type Comparison =
  | Counterparts
  | { readonly kind: "missing"; readonly expected: Visit }
  | { readonly kind: "extra"; readonly found: Visit };

/** Two visits that are meant to be one. */
export interface Counterparts {
  readonly kind: "same" | "other";
  readonly expected: Visit;
  readonly found: Visit;
  readonly differs: readonly Aspect[];
}

/** In what two visits can differ. */
export type Aspect = "label" | "start" | "end" | "zones";

/** Visits of different labels are the same one mislabelled only where they share this much of their time. */
const MISLABELLED_OVERLAP = 0.5;
/** More than any pair of one label costs. */
const OTHER_LABEL_COST = 2;

/**
 * Joins expected with found visits, so that as many as possible find their counterpart and their times agree best.
 * Only visits that overlap in time are joined.
 * @param toleranceSeconds times that differ by less agree
 * @returns in the order of time
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
  // Times are written with a few decimals: what is a tolerance apart may be a hair more in binary.
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

/** Shared time over the time of both, 0..1; both a tolerance longer on either side. An end nobody told agrees. */
function overlapInTime(a: Visit, b: Visit, tolerance: number): number {
  // Even a visit of no duration has some.
  const margin = Math.max(tolerance, 0.05);
  const latest = Math.max(a.end ?? a.start, b.end ?? b.start);
  const [aEnd, bEnd] = [a.end ?? latest, b.end ?? latest];
  const shared = Math.min(aEnd, bEnd) - Math.max(a.start, b.start) + 2 * margin;
  const both = Math.max(aEnd, bEnd) - Math.min(a.start, b.start) + 2 * margin;
  return Math.max(0, shared) / both;
}
