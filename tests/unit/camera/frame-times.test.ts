import { describe, expect, test } from "vitest";
import { createFrameTimes } from "../../../agent/camera/frame-times.ts";

const HOUR_MS = 3_600_000;

function steps(ptses: readonly number[]): number[] {
  return ptses.slice(1).map((pts, index) => pts - (ptses[index] ?? 0));
}

describe("without B frames", () => {
  test("presentation times follow the given times", () => {
    const times = createFrameTimes(false);
    expect(steps([1000.4, 1040.4, 1080.4, 1280.4].map(times.add))).toEqual([40, 40, 200]);
  });

  test("times that stand still or run backwards become a millisecond later, and continue from there", () => {
    const times = createFrameTimes(false);
    expect(steps([5000, 5000, 5000, 5040, 1000, 1040].map(times.add))).toEqual([1, 1, 40, 1, 40]);
  });

  test("a jump by more than an hour becomes a millisecond", () => {
    const times = createFrameTimes(false);
    expect(steps([0, 40 * HOUR_MS, 40 * HOUR_MS + 40].map(times.add))).toEqual([1, 40]);
  });

  test("a frame has the time of its access unit, also when frames before it are dropped", () => {
    const times = createFrameTimes(false);
    const [, , third, fourth] = [100, 140, 180, 220].map(times.add);
    expect([times.timeOf(third), times.timeOf(fourth)]).toEqual([180, 220]);
  });

  test("a frame whose report is late does not get the time of an access unit that is decoded seconds later", () => {
    const times = createFrameTimes(false);
    const [first, , third] = [1000, 1200, 1400, 1600, 9000].map(times.add);
    expect([first, undefined, third, undefined].map(times.timeOf)).toEqual([1000, 1200, 1400, 1600]);
  });

  test("a frame has the newest time if ffmpeg reports none", () => {
    const times = createFrameTimes(false);
    [100, 140].map(times.add);
    expect(times.timeOf(undefined)).toBe(140);
  });

  test("a frame's time follows a clock that is set back", () => {
    const times = createFrameTimes(false);
    const [first, second] = [HOUR_MS, 1000].map(times.add);
    expect([times.timeOf(first), times.timeOf(second)]).toEqual([HOUR_MS, 1000]);
  });

  test("keeps a bounded number of times", () => {
    const times = createFrameTimes(false);
    const first = times.add(0);
    for (let index = 1; index <= 5000; index++) times.add(index);
    expect(times.timeOf(first)).toBe(5000);
  });
});

describe("with B frames", () => {
  test("presentation times keep their order", () => {
    const times = createFrameTimes(true);
    const [i, p, b1, b2] = [1000, 1120, 1040, 1080].map(times.add);
    expect([i, b1, b2, p].map((pts) => times.timeOf(pts))).toEqual([1000, 1040, 1080, 1120]);
    expect(steps([i, b1, b2, p].map(Number))).toEqual([40, 40, 40]);
  });

  test("times of arrival do not run backwards", () => {
    const times = createFrameTimes(true);
    const [i, p, b1, b2] = [1000, 1040, 1080, 1120].map(times.add);
    expect([i, b1, b2, p].map((pts) => times.timeOf(pts))).toEqual([1000, 1080, 1120, 1120]);
  });

  test("a frame that the decoder puts out seconds late is dropped", () => {
    const times = createFrameTimes(true);
    const [lost, next] = [1000, 4000].map(times.add);
    expect([times.timeOf(next), times.timeOf(lost)]).toEqual([4000, undefined]);
  });

  test("no two access units have the same presentation time", () => {
    const times = createFrameTimes(true);
    expect(new Set([1000, 1080, 1000, 1080, 1040].map(times.add)).size).toBe(5);
  });
});
