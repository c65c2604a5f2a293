import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { KNOWN_MODELS } from "../../../../detectors/catalog/catalog.ts";
import { scoreFilters } from "../../../../detectors/catalog/score-filters.ts";

test("every known model has a filter for each of its labels, from 0 to 1", () => {
  for (const { name, labels } of KNOWN_MODELS) {
    const filters = scoreFilters(name, labels);
    expect(Object.keys(filters ?? {}), name).toEqual([...labels]);
    for (const { min_score, threshold } of Object.values(filters ?? {})) {
      expect(min_score).toBeGreaterThan(0.1);
      expect(threshold).toBeGreaterThanOrEqual(min_score);
      expect(threshold).toBeLessThan(1);
    }
  }
});

test("the manual states the thresholds of YOLOv5n", () => {
  const manual = readFileSync(new URL("../../../../config/sabrewing.yml", import.meta.url), "utf8");
  const { person, car, bus, toaster } = scoreFilters("yolov5n", ["person", "car", "bus", "toaster"]) ?? {};
  expect(car).toEqual(person);
  expect(manual.replace(/\s*\n *# */g, " ")).toContain(
    `YOLOv5n's: ${person?.threshold} for person and car, ${bus?.threshold} for bus, ${toaster?.threshold} for the others.`,
  );
});

test("labels without data share one filter", () => {
  const { zebra, toaster } = scoreFilters("yolov5n", ["zebra", "toaster"]) ?? {};
  expect(zebra).toBeDefined();
  expect(toaster).toEqual(zebra);
});

test("a model that the catalogue does not list has no filters", () => {
  expect(scoreFilters("mine", ["person"])).toBeUndefined();
});
