import { plainJson } from "../../base/plain-text.ts";
import type { Comparison, Counterparts } from "./compare-visits.ts";
import { showVisit, type Visit } from "./visits.ts";

/** A comparison for people: a line per visit, then a summary. */
export function comparisonLines(comparisons: readonly Comparison[]): readonly string[] {
  return [...comparisons.map(lineOf), totalOf(comparisons)];
}

/** The differences for scripts: a line `{difference, expected?, found?, differs?}` each, then `{summary}`. */
export function comparisonJson(comparisons: readonly Comparison[]): readonly string[] {
  const differences = comparisons.filter(({ kind }) => kind !== "same");
  const lines = differences.map(({ kind, ...rest }) => plainJson({ difference: kind, ...rest }));
  return [...lines, plainJson({ summary: countsOf(comparisons) })];
}

function lineOf(comparison: Comparison): string {
  switch (comparison.kind) {
    case "same":
      return `  ✓ ${showVisit(comparison.found)}`;
    case "missing":
      return `  ✗ ${showVisit(comparison.expected)}   missing: no matching event`;
    case "extra":
      return `  + ${showVisit(comparison.found)}   extra: not expected`;
    case "other":
      return `  ≠ ${showVisit(comparison.expected)}   ${howItDiffers(comparison)}`;
  }
}

function howItDiffers({ expected, found, differs }: Counterparts): string {
  const words = {
    label: `has the label ${found.label}`,
    start: `starts ${shift(expected.start, found.start)}`,
    end: found.end === undefined ? "does not end" : `ends ${shift(expected.end ?? found.end, found.end)}`,
    zones: `enters ${zones(found)} instead of ${zones(expected)}`,
  };
  return differs.map((aspect) => words[aspect]).join(", ");
}

/** `at 8.2 s (2.2 s later)`. */
function shift(expected: number, found: number): string {
  const seconds = found - expected;
  return `at ${found.toFixed(1)} s (${Math.abs(seconds).toFixed(1)} s ${seconds < 0 ? "earlier" : "later"})`;
}

function zones(visit: Visit): string {
  return visit.zones === undefined || visit.zones.length === 0
    ? "no zone"
    : [...visit.zones].sort().join(", ");
}

function countsOf(comparisons: readonly Comparison[]) {
  const count = (counted: Comparison["kind"]) => comparisons.filter(({ kind }) => kind === counted).length;
  const [same, other, missing, extra] = [count("same"), count("other"), count("missing"), count("extra")];
  return { expected: same + other + missing, as_expected: same, missing, extra, other };
}

function totalOf(comparisons: readonly Comparison[]): string {
  const { expected, as_expected, missing, extra, other } = countsOf(comparisons);
  const differences = [
    [missing, "missing"],
    [extra, "extra"],
    [other, "different"],
  ] as const;
  const parts = differences.filter(([count]) => count > 0).map(([count, what]) => `, ${count} ${what}`);
  return `${as_expected} of ${expected} as expected${parts.join("")}`;
}
