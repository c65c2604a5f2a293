import { describe, expect, test } from "vitest";
import { compareVisits } from "../../../../agent/commands/replay/compare-visits.ts";
import { comparisonJson, comparisonLines } from "../../../../agent/commands/replay/comparison-lines.ts";
import type { Visit } from "../../../../agent/commands/replay/visits.ts";

const TOLERANCE = 1;

describe("comparing found with expected visits", () => {
  test("treats times within the tolerance as equal", () => {
    expect(compare([person(6, 19)], [person(7, 18.5)])).toEqual(["same"]);
    expect(compare([person(6, 19)], [person(7.2, 18.5)])).toEqual(["other: start"]);
  });

  test("finds no difference between equal lists at zero tolerance", () => {
    const visits = [person(6, 6), person(6.2, 19.4), person(23, 45)];
    const kinds = compareVisits(visits, visits, 0).map(({ kind }) => kind);
    expect(kinds).toEqual(["same", "same", "same"]);
  });

  test("reports missing and extra visits, sorted by time", () => {
    expect(compare([person(6, 19), person(50, 70)], [person(23, 45), person(50, 70)])).toEqual([
      "missing",
      "extra",
      "same",
    ]);
  });

  test("reports a visit that is split in two as one partial match and one extra visit", () => {
    expect(compare([person(6, 19)], [person(6, 11), person(12, 19)])).toEqual(["other: start", "extra"]);
  });

  test("matches a visit with another label", () => {
    expect(compare([person(6, 19)], [{ ...person(6, 19), label: "dog" }])).toEqual(["other: label"]);
    expect(compare([person(6, 19)], [{ ...person(18, 40), label: "dog" }])).toEqual(["missing", "extra"]);
  });

  test("prefers the right label over a better time", () => {
    const dog = { ...person(6, 19), label: "dog" };
    expect(compare([person(6, 19)], [dog, person(8, 19)])).toEqual(["other: start", "extra"]);
  });

  test("compares zones as sets, and ignores zones and ends that are not given", () => {
    const inZones = (...zones: string[]) => ({ ...person(6, 19), zones });
    expect(compare([inZones("a", "b")], [inZones("b", "a")])).toEqual(["same"]);
    expect(compare([inZones("a")], [inZones()])).toEqual(["other: zones"]);
    expect(compare([inZones()], [inZones("a")])).toEqual(["other: zones"]);
    expect(compare([person(6, 19)], [inZones("a")])).toEqual(["same"]);
    expect(compare([{ label: "person", start: 6 }], [person(6, 300)])).toEqual(["same"]);
  });

  test("prints a line per visit and a summary", () => {
    const comparisons = compareVisits(
      [person(6, 19), { ...person(23, 45), zones: ["porch"] }, person(50, 70)],
      [person(6.2, 19), { ...person(25.4, 44), label: "dog", zones: [] }, person(80, 81)],
      TOLERANCE,
    );
    expect(comparisonLines(comparisons)).toEqual([
      "  ✓ person         6.2 –    19.0 s",
      "  ≠ person        23.0 –    45.0 s   has the label dog, starts at 25.4 s (2.4 s later), enters no zone instead of porch",
      "  ✗ person        50.0 –    70.0 s   missing: no matching event",
      "  + person        80.0 –    81.0 s   extra: not expected",
      "1 of 3 as expected, 1 missing, 1 extra, 1 different",
    ]);
  });

  test("prints a JSON line per difference and a summary", () => {
    const lines = comparisonJson(compareVisits([person(6, 19), person(50, 70)], [person(6, 19)], TOLERANCE));
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { difference: "missing", expected: { label: "person", start: 50, end: 70 } },
      { summary: { expected: 2, as_expected: 1, missing: 1, extra: 0, other: 0 } },
    ]);
  });
});

function person(start: number, end: number): Visit {
  return { label: "person", start, end };
}

function compare(expected: readonly Visit[], found: readonly Visit[]): readonly string[] {
  return compareVisits(expected, found, TOLERANCE).map((comparison) => {
    return comparison.kind === "other" ? `other: ${comparison.differs.join(" ")}` : comparison.kind;
  });
}
