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

describe("overlap", () => {
  test("is 1 for the same box, 0 for boxes that only touch, and a third for one shifted by half", () => {
    expect(intersectionOverUnion(A, A)).toBe(1);
    expect(intersectionOverUnion(A, [10, 0, 20, 10])).toBe(0);
    expect(intersectionOverUnion(A, [5, 0, 15, 10])).toBeCloseTo(1 / 3);
  });
});

describe("matching", () => {
  test("gives a true box to the surest detection, once", () => {
    const sure = person(A, 0.9);
    const unsure = person([0, 0, 10, 9], 0.5);
    const matches = matchDetections({ truth: [person(A)], found: [unsure, sure] }, 0.5);
    expect(matches.map(({ found, truth }) => [found.score, truth !== undefined])).toEqual([
      [0.9, true],
      [0.5, false],
    ]);
  });

  test("takes the true box that is overlapped most, and none of another label", () => {
    const near = person([0, 0, 10, 12]);
    const [match] = matchDetections(
      { truth: [near, person(A), car(A)], found: [person([0, 0, 10, 10.5])] },
      0.5,
    );
    expect(match?.truth?.box).toEqual(A);
    expect(matchDetections({ truth: [car(A)], found: [person(A)] }, 0.5)[0]?.truth).toBeUndefined();
  });

  test("an overlap of exactly the threshold is a match", () => {
    const found = person([0, 0, 10, 5]);
    expect(matchDetections({ truth: [person(A)], found: [found] }, 0.5)[0]?.truth).toBeDefined();
    expect(matchDetections({ truth: [person(A)], found: [found] }, 0.51)[0]?.truth).toBeUndefined();
  });
});

describe("mean average precision", () => {
  test("is 1 when everything is found, and stays 1 when what is wrong is less sure than what is right", () => {
    const truth = [person(A), person(B)];
    expect(meanAveragePrecision([{ truth, found: truth }], 0.5)).toBe(1);
    expect(meanAveragePrecision([{ truth, found: [...truth, person(C, 0.1)] }], 0.5)).toBe(1);
  });

  test("reads the precision at 101 recalls: half of two found are the recalls 0 to 0.5, 51 of 101", () => {
    const truth = [person(A), person(B)];
    expect(meanAveragePrecision([{ truth, found: [person(A)] }], 0.5)).toBeCloseTo(51 / 101);
  });

  test("a wrong detection before the right ones lowers it, interpolated from the right", () => {
    const truth = [person(A), person(B)];
    const found = [person(C, 0.99), person(A, 0.9), person(B, 0.8)];
    // Precisions 0/1, 1/2, 2/3 at recalls 0, 1/2, 1: the best at or behind each recall is 2/3.
    expect(meanAveragePrecision([{ truth, found }], 0.5)).toBeCloseTo(2 / 3);
  });

  test("ranks the detections of all pictures together, and averages over the labels of the truth", () => {
    const sightings = [
      { truth: [person(A)], found: [person(A, 0.6)] },
      { truth: [car(B)], found: [person(B, 0.7)] },
    ];
    // person: a false one before the true one, 1/2; car: never found, 0.
    expect(meanAveragePrecision(sightings, 0.5)).toBeCloseTo(1 / 4);
  });
});

describe("agreement", () => {
  test("of a detector with itself is perfect", () => {
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

  test("tells how far edges and scores are off, and ignores what nobody would be told", () => {
    const truth = [person(A, 0.9), person(C, 0.1)];
    const found = [person([0, 0, 10, 12], 0.7), person(B, 0.2)];
    const result = agreement([{ truth, found }], 0.25);
    expect(result).toMatchObject({ truths: 1, precision: 1, recall: 1, box_error: 0.5, map_50: 1 });
    expect(result.score_error).toBeCloseTo(0.2);
    // An IoU of 10/12 passes seven of the ten thresholds.
    expect(result.map_50_95).toBeCloseTo(0.7);
  });
});
