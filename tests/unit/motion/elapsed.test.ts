import { expect, test } from "vitest";
import { cappedFrames, elapsedFrames, weightOf } from "../../../agent/motion/elapsed.ts";

test("a frame at the nominal interval counts once, at every frame rate", () => {
  for (const fps of [0.1, 3, 5, 7, 30, 60]) {
    const times = Array.from({ length: 500 }, (_, frame) => (frame * 1000) / fps);
    const frames = times.slice(1).map((ms, index) => elapsedFrames(times[index] ?? 0, ms, 1000 / fps));
    expect(new Set(frames), `${fps} fps`).toEqual(new Set([1]));
  }
});

test("a frame counts for the time before it, and not at all if time stands still or goes back", () => {
  expect(elapsedFrames(1000, 3000, 200)).toBe(10);
  expect(elapsedFrames(1000, 1000, 200)).toBe(0);
  expect(elapsedFrames(1000, 400, 200)).toBe(0);
});

test("ten frames and one frame after ten intervals leave the same share of the past", () => {
  expect(1 - weightOf(0.01, 10)).toBeCloseTo((1 - weightOf(0.01, 1)) ** 10, 12);
  expect(weightOf(0.01, 1)).toBe(0.01);
  expect(weightOf(0.01, 0)).toBe(0);
});

test("a frame after hours counts for a quarter of the memory", () => {
  expect(cappedFrames(1e6, 100)).toBe(25);
  expect(weightOf(0.01, 1e6)).toBe(weightOf(0.01, 25));
  expect(weightOf(0.01, Number.POSITIVE_INFINITY)).toBeLessThan(0.25);
});

test("a frame counts at least once where the memory is short", () => {
  expect(cappedFrames(30, 2)).toBe(1);
  expect(weightOf(1, 30)).toBe(1);
});
