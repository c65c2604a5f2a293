import { describe, expect, test } from "vitest";
import type { Box } from "../../../agent/base/box.ts";
import type { FrameDetection } from "../../../agent/detection/detect-regions.ts";
import {
  associate,
  costOfLowScore,
  costOfOtherLabel,
  costWhereLost,
  costWherePredicted,
} from "../../../agent/tracking/association.ts";
import { startTrack, type Track } from "../../../agent/tracking/track.ts";

const WHOLE: Box = [0, 0, 1280, 720];
/** 60 × 80 pixels, with a diagonal of 100. */
const BOX: Box = [300, 300, 360, 380];

const at = (box: Box, label = "person"): FrameDetection => ({ label, score: 0.9, box, region: WHOLE });
const shifted = ([x1, y1, x2, y2]: Box, dx: number, dy = 0): Box => [x1 + dx, y1 + dy, x2 + dx, y2 + dy];
/** A track whose last detection was this one; its prediction is the same box. */
const track = (box: Box, details: Partial<Track> = {}): Track => ({
  ...startTrack(1, at(box), 0),
  ...details,
});
const resting = (box: Box): Track => track(box, { stationary: true });

describe("the association", () => {
  test("pairs each track with the detection at the lowest total cost", () => {
    const left = track(BOX);
    const right = { ...track(shifted(BOX, 40)), id: 2 };
    const detections = [at(shifted(BOX, 45)), at(shifted(BOX, 5))];
    const { pairs, tracksLeft, detectionsLeft } = associate([left, right], detections, costWherePredicted);
    expect(pairs).toEqual([
      { track: left, detection: detections[1] },
      { track: right, detection: detections[0] },
    ]);
    expect([tracksLeft, detectionsLeft]).toEqual([[], []]);
  });

  test("returns the tracks and detections that have no partner", () => {
    const [near, far] = [track(BOX), { ...track([900, 10, 950, 110]), id: 2 }];
    const [fitting, other] = [at(BOX), at([20, 20, 80, 100])];
    const { pairs, tracksLeft, detectionsLeft } = associate(
      [near, far],
      [other, fitting],
      costWherePredicted,
    );
    expect(pairs).toEqual([{ track: near, detection: fitting }]);
    expect([tracksLeft, detectionsLeft]).toEqual([[far], [other]]);
  });
});

describe("the cost at the predicted place", () => {
  test("grows with the distance, from 0", () => {
    const costs = [0, 10, 30, 50].map((dx) => costWherePredicted(track(BOX), at(shifted(BOX, dx))));
    expect(costs[0]).toBeCloseTo(0, 10);
    expect(costs).toEqual(costs.toSorted((a, b) => a - b));
    expect(costs.every(Number.isFinite)).toBe(true);
  });

  test("grows with the distance even without overlap", () => {
    const thin = track([300, 300, 310, 380]);
    const [near, far] = [15, 30].map((dx) => costWherePredicted(thin, at(shifted(thin.box, dx))));
    expect(near).toBeLessThan(far ?? 0);
  });

  test("is infinite beyond half a diagonal without overlap", () => {
    const thin: Box = [300, 300, 310, 380];
    const reach = Math.hypot(10, 80) / 2;
    expect(costWherePredicted(track(thin), at(shifted(thin, reach - 1)))).toBeLessThan(2);
    expect(costWherePredicted(track(thin), at(shifted(thin, reach + 1)))).toBe(Infinity);
  });

  test("is finite for an overlap of a tenth beyond half a diagonal", () => {
    const long: Box = [300, 300, 500, 310];
    const longer: Box = [300, 300, 900, 310];
    expect(costWherePredicted(track(long), at(longer))).toBeLessThan(2);
    expect(costWherePredicted(track(long), at([480, 300, 1100, 310]))).toBe(Infinity);
  });

  test("is infinite at a resting object for anything that overlaps it by less than 0.3", () => {
    // The IoU of two boxes of width 60 that are shifted by 30 is a third; by 35 it is about a quarter.
    expect(costWherePredicted(resting(BOX), at(shifted(BOX, 30)))).toBeLessThan(2);
    expect(costWherePredicted(resting(BOX), at(shifted(BOX, 35)))).toBe(Infinity);
    expect(costWherePredicted(track(BOX), at(shifted(BOX, 35)))).toBeLessThan(2);
  });

  test("is infinite for another label", () => {
    expect(costWherePredicted(track(BOX), at(BOX, "dog"))).toBe(Infinity);
  });

  test("uses the prediction, not the last box", () => {
    const { motion } = track(BOX);
    const ahead = { ...motion, centreX: { ...motion.centreX, position: motion.centreX.position + 200 } };
    const walking = track(BOX, { motion: ahead });
    expect(costWherePredicted(walking, at(shifted(BOX, 200)))).toBeCloseTo(0, 10);
    expect(costWherePredicted(walking, at(BOX))).toBe(Infinity);
  });
});

test("a detection of low score must overlap the prediction by half", () => {
  // The IoU of two boxes of width 60 that are shifted by 20 is one half.
  expect(costOfLowScore(track(BOX), at(shifted(BOX, 19)))).toBeLessThan(0.5);
  expect(costOfLowScore(track(BOX), at(shifted(BOX, 21)))).toBe(Infinity);
  expect(costOfLowScore(track(BOX), at(BOX, "dog"))).toBe(Infinity);
});

describe("a detection of another label", () => {
  const car = (details: Partial<Track> = {}) => track(BOX, { label: "car", ...details });

  test("may continue a track of a confusable label only", () => {
    expect(costOfOtherLabel(car(), at(BOX, "truck"))).toBeCloseTo(0, 10);
    expect(costOfOtherLabel(car({ label: "dog" }), at(BOX, "cat"))).toBeCloseTo(0, 10);
    expect(costOfOtherLabel(car(), at(BOX, "dog"))).toBe(Infinity);
    expect(costOfOtherLabel(car(), at(BOX, "person"))).toBe(Infinity);
    expect(costOfOtherLabel(car(), at(BOX, "car"))).toBe(Infinity);
  });

  test("must overlap the prediction by 0.7", () => {
    // Shifted by 10 of 60 pixels: an IoU of 50 / 70.
    expect(costOfOtherLabel(car(), at(shifted(BOX, 10), "truck"))).toBeLessThan(0.3);
    expect(costOfOtherLabel(car(), at(shifted(BOX, 11), "truck"))).toBe(Infinity);
  });
});

describe("the cost near the place where a track was lost", () => {
  const lost = (seconds: number, details: Partial<Track> = {}) =>
    track(BOX, { lastSeenMs: 0, updatedMs: 1000 * seconds, ...details });
  const reaches = (from: Track, dx: number) => costWhereLost(from, at(shifted(BOX, dx))) < Infinity;

  test("allows a distance that grows with the time, up to two diagonals", () => {
    expect([reaches(lost(1), 99), reaches(lost(1), 101)]).toEqual([true, false]);
    expect([reaches(lost(2), 149), reaches(lost(2), 151)]).toEqual([true, false]);
    expect([reaches(lost(60), 199), reaches(lost(60), 201)]).toEqual([true, false]);
  });

  test("allows half a diagonal to an object that was stationary, however long ago", () => {
    const rested = lost(60, { stationary: true });
    expect([reaches(rested, 49), reaches(rested, 51)]).toEqual([true, false]);
  });

  test("measures from the last box, not from the prediction", () => {
    const { motion } = track(BOX);
    const ahead = { ...motion, centreX: { ...motion.centreX, position: motion.centreX.position + 500 } };
    expect(reaches(lost(1, { motion: ahead }), 50)).toBe(true);
    expect(reaches(lost(1, { motion: ahead }), 500)).toBe(false);
  });

  test("is infinite for a box that is much larger or smaller, and for another label", () => {
    const high = (height: number) => at([300, 340 - height / 2, 360, 340 + height / 2]);
    expect(costWhereLost(lost(1), high(80 * 1.59))).toBeLessThan(Infinity);
    expect(costWhereLost(lost(1), high(80 * 1.61))).toBe(Infinity);
    expect(costWhereLost(lost(1), high(80 / 1.59))).toBeLessThan(Infinity);
    expect(costWhereLost(lost(1), high(80 / 1.61))).toBe(Infinity);
    expect(costWhereLost(lost(1), at(BOX, "dog"))).toBe(Infinity);
  });
});
