import { describe, expect, test } from "vitest";
import { startExtent, updateExtent, wholeBox } from "../../../agent/tracking/extent.ts";
import type { Box } from "../../../detectors/detector.ts";

const FRAME = { width: 768, height: 432 };
const EXTENT = { width: 80, height: 200 };
const EXPECTED: Box = [300, 100, 380, 300];

describe("the whole object behind a detection", () => {
  test("is the detection, if that is as large as the object", () => {
    const jittered: Box = [305, 104, 375, 303];
    expect(wholeBox(jittered, EXPECTED, EXTENT, FRAME)).toEqual(jittered);
    const larger: Box = [280, 90, 400, 310];
    expect(wholeBox(larger, EXPECTED, EXTENT, FRAME)).toEqual(larger);
  });

  test("extends behind the obstacle that hides a part of it", () => {
    const leftPart: Box = [300, 100, 340, 300];
    const rightPart: Box = [340, 100, 380, 300];
    const upperPart: Box = [300, 100, 380, 200];
    for (const part of [leftPart, rightPart, upperPart]) {
      expect(wholeBox(part, EXPECTED, EXTENT, FRAME)).toEqual(EXPECTED);
    }
  });

  test("covers the detection, wherever the object was expected", () => {
    const part: Box = [420, 100, 450, 300];
    expect(wholeBox(part, EXPECTED, EXTENT, FRAME)).toEqual([370, 100, 450, 300]);
  });

  test("extends beyond each border of the frame", () => {
    const whole = (part: Box) => wholeBox(part, EXPECTED, EXTENT, FRAME);
    expect(whole([0, 100, 70, 300])).toEqual([-10, 100, 70, 300]);
    expect(whole([700, 100, 768, 300])).toEqual([700, 100, 780, 300]);
    expect(whole([300, 0, 380, 150])).toEqual([300, -50, 380, 150]);
    expect(whole([300, 250, 380, 431])).toEqual([300, 250, 380, 450]);
  });

  test("is the detection, if that reaches from one border to the other", () => {
    const across: Box = [0, 100, 768, 300];
    expect(wholeBox(across, EXPECTED, { width: 900, height: 200 }, FRAME)).toEqual(across);
  });
});

describe("the extent of an object", () => {
  const updated = (box: Box, seconds: number, frames: number, before = EXTENT) =>
    Array.from({ length: frames }).reduce<typeof EXTENT>(
      (extent) => updateExtent(extent, box, seconds, FRAME),
      before,
    );

  test("is that of the first detection", () => {
    expect(startExtent(EXPECTED)).toEqual(EXTENT);
  });

  test("outlasts an obstacle that hides half of it for a second", () => {
    expect(updated([300, 100, 340, 300], 0.2, 5).width).toBeGreaterThan(60);
  });

  test("becomes the visible part if that stays the same for many seconds", () => {
    expect(updated([300, 100, 380, 200], 0.2, 50).height).toBeLessThan(102);
  });

  test("grows within a second, but hardly by a single detection of double width", () => {
    const double: Box = [260, 100, 420, 300];
    expect(updated(double, 0.2, 1).width).toBeLessThan(110);
    expect(updated(double, 0.2, 10).width).toBeGreaterThan(155);
  });

  test("shrinks at once with an object that goes away", () => {
    const scaled = (factor: number): Box => [300, 100, 300 + 80 * factor, 100 + 200 * factor];
    let extent = EXTENT;
    for (const factor of [0.9, 0.8, 0.7]) extent = updateExtent(extent, scaled(factor), 0.2, FRAME);
    expect(extent.width).toBeCloseTo(56, 5);
    expect(extent.height).toBeCloseTo(140, 5);
  });

  test("does not shrink at the border of the frame", () => {
    expect(updated([740, 100, 768, 300], 0.2, 20)).toEqual(EXTENT);
  });
});
