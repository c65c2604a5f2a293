import { expect, test } from "vitest";
import {
  addInterval,
  elapsedFrames,
  longestPauseMs,
  type RecentIntervals,
} from "../../../agent/base/intervals.ts";

const recent = (...intervals: readonly number[]) => intervals.reduce<RecentIntervals>(addInterval, []);

test("a source is silent after the configured time, and later where it delivers more rarely", () => {
  expect(longestPauseMs([], 5000)).toBe(5000);
  expect(longestPauseMs(recent(200, 200, 200), 5000)).toBe(5000);
  expect(longestPauseMs(recent(4000), 5000)).toBe(10_000);
  expect(longestPauseMs(recent(5000, 5100, 4900), 5000)).toBe(12_500);
});

test("an outage does not change how long a source may be silent, but a new rate does after three intervals", () => {
  const often = recent(200, 200, 200, 200, 200);
  expect(longestPauseMs(addInterval(often, 600_000), 5000)).toBe(5000);
  const seldom = [6000, 6000].reduce<RecentIntervals>(addInterval, often);
  expect(longestPauseMs(seldom, 5000)).toBe(5000);
  expect(longestPauseMs(addInterval(seldom, 6000), 5000)).toBe(15_000);
});

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
