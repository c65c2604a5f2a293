import { describe, expect, test } from "vitest";
import type { Box, Detection } from "../../../detectors/detector.ts";
import {
  agreement,
  intersectionOverUnion,
  matchDetections,
  meanAveragePrecision,
} from "../../../scripts/benchmark/average-precision.ts";

const person = (box: Box, score = 0.9): Detection => ({ label: "person", score, box });
const car = (box: Box, score = 0.9): Detection => ({ label: "car", score, box });
const A: Box = [0, 0, 10, 10];
const B: Box = [100, 0, 110, 10];
const C: Box = [0, 100, 10, 110];

describe("intersection over union", () => {
  test("is 1 for equal boxes, 0 for boxes that only touch, and 1/3 for a shift by half", () => {
    expect(intersectionOverUnion(A, A)).toBe(1);
    expect(intersectionOverUnion(A, [10, 0, 20, 10])).toBe(0);
    expect(intersectionOverUnion(A, [5, 0, 15, 10])).toBeCloseTo(1 / 3);
  });
});

describe("matching", () => {
  test("matches a true box once, to the detection with the highest score", () => {
    const sure = person(A, 0.9);
    const unsure = person([0, 0, 10, 9], 0.5);
    const matches = matchDetections({ truth: [person(A)], found: [unsure, sure] }, 0.5);
    expect(matches.map(({ found, truth }) => [found.score, truth !== undefined])).toEqual([
      [0.9, true],
      [0.5, false],
    ]);
  });

  test("takes the true box of the same label with the largest overlap", () => {
    const near = person([0, 0, 10, 12]);
    const [match] = matchDetections(
      { truth: [near, person(A), car(A)], found: [person([0, 0, 10, 10.5])] },
      0.5,
    );
    expect(match?.truth?.box).toEqual(A);
    expect(matchDetections({ truth: [car(A)], found: [person(A)] }, 0.5)[0]?.truth).toBeUndefined();
  });

  test("accepts an overlap equal to the threshold", () => {
    const found = person([0, 0, 10, 5]);
    expect(matchDetections({ truth: [person(A)], found: [found] }, 0.5)[0]?.truth).toBeDefined();
    expect(matchDetections({ truth: [person(A)], found: [found] }, 0.51)[0]?.truth).toBeUndefined();
  });
});

describe("mean average precision", () => {
  test("is 1 when all objects are found, also with false positives of lower scores", () => {
    const truth = [person(A), person(B)];
    expect(meanAveragePrecision([{ truth, found: truth }], 0.5)).toBe(1);
    expect(meanAveragePrecision([{ truth, found: [...truth, person(C, 0.1)] }], 0.5)).toBe(1);
  });

  test("samples 101 recalls: with one of two objects found, 51 of them have a precision of 1", () => {
    const truth = [person(A), person(B)];
    expect(meanAveragePrecision([{ truth, found: [person(A)] }], 0.5)).toBeCloseTo(51 / 101);
  });

  test("drops with a false positive of a higher score, interpolated from higher recalls", () => {
    const truth = [person(A), person(B)];
    const found = [person(C, 0.99), person(A, 0.9), person(B, 0.8)];
    // Precisions 0/1, 1/2, 2/3 at recalls 0, 1/2, 1: the best at or after each recall is 2/3.
    expect(meanAveragePrecision([{ truth, found }], 0.5)).toBeCloseTo(2 / 3);
  });

  test("ranks the detections of all images together, and averages over the labels of the truth", () => {
    const sightings = [
      { truth: [person(A)], found: [person(A, 0.6)] },
      { truth: [car(B)], found: [person(B, 0.7)] },
    ];
    // person: a false one before the true one, 1/2; car: never found, 0.
    expect(meanAveragePrecision(sightings, 0.5)).toBeCloseTo(1 / 4);
  });
});

describe("agreement", () => {
  test("is perfect for equal detections", () => {
    const both = [person(A), car(B, 0.4)];
    expect(agreement([{ truth: both, found: both }], 0.25)).toEqual({
      pictures: 1,
      truths: 2,
      precision: 1,
      recall: 1,
      box_error: 0,
      score_error: 0,
      map_50: 1,
      map_50_95: 1,
    });
  });

  test("reports errors of edges and scores, and ignores detections below the minimum score", () => {
    const truth = [person(A, 0.9), person(C, 0.1)];
    const found = [person([0, 0, 10, 12], 0.7), person(B, 0.2)];
    const result = agreement([{ truth, found }], 0.25);
    expect(result).toMatchObject({ truths: 1, precision: 1, recall: 1, box_error: 0.5, map_50: 1 });
    expect(result.score_error).toBeCloseTo(0.2);
    // An IoU of 10/12 passes seven of the ten thresholds.
    expect(result.map_50_95).toBeCloseTo(0.7);
  });
});
