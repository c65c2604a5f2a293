import { expect, test } from "vitest";
import { greatestThatHolds, held, toCapacity } from "../../../../scripts/benchmark/pipeline/capacity.ts";
import { row } from "./rows.ts";

test.each([0, 1, 2, 3, 5, 7, 8, 12, 31])("finds the capacity of %i cameras", async (most) => {
  const tried: number[] = [];
  const holds = async (count: number) => {
    tried.push(count);
    return count <= most;
  };
  expect(await greatestThatHolds(holds, 32)).toBe(most);
  expect(tried.length).toBeLessThanOrEqual(14);
});

test("stops at a limit that is not a power of two", async () => {
  expect(await greatestThatHolds(async () => true, 24)).toBe(24);
  expect(await greatestThatHolds(async () => true, 1)).toBe(1);
});

test("a number fails after two failures in a row", async () => {
  const failures = new Map<number, number>();
  const failsOnce = async (count: number) => {
    const before = failures.get(count) ?? 0;
    failures.set(count, before + 1);
    return count <= 6 && before > 0;
  };
  expect(await greatestThatHolds(failsOnce, 32)).toBe(6);
});

test("a lost frame is a failure, unless it is within the tolerance", () => {
  expect(held(row({ lost_percent: 0 }), 0)).toBe(true);
  expect(held(row({ lost_percent: 0.01 }), 0)).toBe(false);
  expect(held(row({ lost_percent: 0.9 }), 1)).toBe(true);
});

test("summarises the trials of a contestant", () => {
  const trials = [
    row({ name: "onnxruntime-web", size: "640x640", inferred_per_second: 3.4 }),
    row({ name: "onnxruntime-web", size: "640x640", inferred_per_second: 3.1 }),
  ];
  expect(toCapacity(trials, 0, { limit: 32, tolerance: 1 })).toMatchObject({
    name: "onnxruntime-web",
    size: "640x640",
    capacity: 0,
    tolerance_percent: 1,
    limited: false,
    most_inferred_per_second: 3.4,
  });
  expect(toCapacity(trials, 32, { limit: 32, tolerance: 0 }).limited).toBe(true);
});
