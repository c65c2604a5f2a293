import { describe, expect, test } from "vitest";
import { ObjectsSchema } from "../../../agent/config/schema.ts";
import { scoreFilter } from "../../../agent/tracking/score-filter.ts";
import { lowestScore } from "../../../agent/tracking/tracker.ts";

const MODULE = { person: { min_score: 0.4, threshold: 0.5 } };
const objects = (filters: Readonly<Record<string, object>> = {}) =>
  ObjectsSchema.parse({ track: ["person", "car", "constructor"], filters });

describe("the score filter of a label", () => {
  test("is the module's, if the configuration says nothing", () => {
    expect(scoreFilter(objects(), "person", MODULE)).toEqual({ min_score: 0.4, threshold: 0.5 });
    expect(scoreFilter(objects({ person: { min_area: 100 } }), "person", MODULE)).toEqual(MODULE.person);
  });

  test("is the configuration's, value by value", () => {
    const configured = objects({ person: { threshold: 0.8 } });
    expect(scoreFilter(configured, "person", MODULE)).toEqual({ min_score: 0.4, threshold: 0.8 });
    const both = objects({ person: { min_score: 0, threshold: 0.1 } });
    expect(scoreFilter(both, "person", MODULE)).toEqual({ min_score: 0, threshold: 0.1 });
  });

  test("is 0.5 and 0.7 for a module without filters, or without this label", () => {
    const usual = { min_score: 0.5, threshold: 0.7 };
    expect(scoreFilter(objects(), "person", undefined)).toEqual(usual);
    expect(scoreFilter(objects(), "car", MODULE)).toEqual(usual);
    expect(scoreFilter(objects(), "constructor", MODULE)).toEqual(usual);
  });
});

test("the detector reports scores below those of every label", () => {
  const filters = { person: { min_score: 0.05, threshold: 0.2 } };
  expect(lowestScore({ objects: objects() }, filters)).toBe(0.05);
  expect(lowestScore({ objects: objects() }, MODULE)).toBe(0.1);
});
