import { describe, expect, test } from "vitest";
import { isCovered, visibleShare } from "../../../agent/attention/coverage.ts";
import type { Box } from "../../../agent/base/box.ts";

const FRAME = { width: 1000, height: 500 };
const OBJECT: Box = [400, 100, 500, 300];
/** Half of it lies beyond the right edge of the frame. */
const LEAVING: Box = [950, 100, 1050, 300];

describe("an expected object is covered", () => {
  test("by a region that shows at least 80 % of it", () => {
    expect(isCovered(OBJECT, [[400, 100, 480, 300]], FRAME)).toBe(true);
    expect(isCovered(OBJECT, [[400, 100, 479, 300]], FRAME)).toBe(false);
  });

  test("by any one of several regions, but not by several pieces", () => {
    const elsewhere: Box = [0, 0, 200, 200];
    expect(isCovered(OBJECT, [elsewhere, [300, 0, 600, 400]], FRAME)).toBe(true);
    const halves: readonly Box[] = [
      [0, 0, 450, 500],
      [450, 0, 1000, 500],
    ];
    expect(isCovered(OBJECT, halves, FRAME)).toBe(false);
  });

  test("by a region that shows the part inside the frame", () => {
    expect(isCovered(LEAVING, [[900, 0, 1000, 500]], FRAME)).toBe(true);
    expect(isCovered(LEAVING, [[0, 0, 980, 500]], FRAME)).toBe(false);
  });

  test("without any region once at most 15 % of it is inside the frame", () => {
    expect(isCovered([985, 100, 1085, 300], [], FRAME)).toBe(true);
    expect(isCovered([984, 100, 1084, 300], [], FRAME)).toBe(false);
    expect(isCovered([1200, 100, 1300, 300], [], FRAME)).toBe(true);
  });

  test("by nothing where the detector did not run", () => {
    expect(isCovered(OBJECT, [], FRAME)).toBe(false);
  });
});

test("the visible share is the part of a box inside the frame", () => {
  expect(visibleShare(OBJECT, FRAME)).toBe(1);
  expect(visibleShare(LEAVING, FRAME)).toBe(0.5);
  expect(visibleShare([-50, -100, 50, 100], FRAME)).toBe(0.25);
  expect(visibleShare([1200, 100, 1300, 300], FRAME)).toBe(0);
  expect(visibleShare([10, 10, 10, 10], FRAME)).toBe(0);
});
