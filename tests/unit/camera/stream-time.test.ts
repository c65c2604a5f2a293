import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type ArrivingUnit,
  frameTime,
  MOST_EARLY_MS,
  NO_STREAM_TIME,
} from "../../../agent/camera/stream-time.ts";
import { seeded } from "../../support/base/seeded.ts";
import { formatOf } from "../../support/camera/access-units.ts";

function timesOf(units: readonly ArrivingUnit[]): readonly number[] {
  let state = NO_STREAM_TIME;
  return units.map((unit) => {
    const step = frameTime(state, unit);
    state = step.state;
    return step.timeMs;
  });
}

/** A camera of 25 frames per second, whose network delays each frame by up to a fifth of a second. */
function stream(seconds: number, secondsOf: (second: number, index: number) => number, delay = 0.2) {
  const random = seeded(1);
  let arrivedMs = 0;
  return Array.from({ length: seconds * 25 }, (_, index): ArrivingUnit => {
    const second = index / 25;
    arrivedMs = Math.max(arrivedMs, (5 + second + delay * random() ** 4) * 1000);
    return { streamSeconds: secondsOf(second, index), arrivedMs };
  });
}

const arrivals = (units: readonly ArrivingUnit[]) => units.map(({ arrivedMs }) => arrivedMs);
/** How far the steps between frames differ from 40 ms, at most. */
const roughness = (times: readonly number[]) =>
  Math.max(...times.slice(1).map((time, index) => Math.abs(time - (times[index] ?? 0) - 40)));

describe("a sound stream", () => {
  test("has the steps of its own time, although the network delays its frames unevenly", () => {
    const units = stream(60, (second) => 7000 + second);
    expect(roughness(arrivals(units))).toBeGreaterThan(80);
    expect(roughness(timesOf(units).slice(125))).toBeLessThan(10);
  });

  test("is followed for an hour where its clock is 1 % slow or fast", () => {
    for (const pace of [0.99, 1.01]) {
      const units = stream(3600, (second) => second * pace);
      const earlyMs = timesOf(units).map((time, index) => (units[index]?.arrivedMs ?? 0) - time);
      expect(Math.max(...earlyMs.slice(250))).toBeLessThan(400);
    }
  });

  test("keeps the order in which its B frames are displayed", () => {
    // In the order of decoding: P frames come two frames before the B frames that are displayed before them.
    const units = stream(20.04, (second, index) => second + (index % 3 === 0 ? 0.08 : -0.04), 0);
    const first = units[0];
    const withFormat =
      first === undefined ? [] : [{ ...first, format: formatOf({ reorderFrames: 1 }) }, ...units.slice(1)];
    const displayed = timesOf(withFormat)
      .map((timeMs, index) => ({ timeMs, second: units[index]?.streamSeconds ?? 0 }))
      .toSorted((a, b) => a.second - b.second)
      .map(({ timeMs }) => timeMs);
    expect(roughness(displayed)).toBeLessThan(1);
  });
});

describe("a stream whose time is wrong is timed by arrival", () => {
  const random = seeded(2);
  test.each([
    ["stands", () => 12],
    ["is random", () => random() * 40_000],
    ["runs backwards", (second: number) => 5000 - second],
    ["is twice as fast", (second: number) => second * 2],
    ["is half as fast", (second: number) => second / 2],
    ["is not a number", () => Number.NaN],
    ["is too large a number", () => 1e308],
  ])("where it %s", (_, secondsOf) => {
    const units = stream(60, secondsOf);
    // Another speed is noticed after two windows.
    expect(timesOf(units).slice(300)).toEqual(arrivals(units).slice(300));
  });

  test.each([1000, -1000, -95_443.7])("for some seconds where it jumps by %d s", (jump) => {
    const units = stream(60, (second) => second + (second >= 30 ? jump : 0));
    const times = timesOf(units);
    expect(times.slice(750, 870)).toEqual(arrivals(units).slice(750, 870));
    expect(roughness(times.slice(1050))).toBeLessThan(10);
  });

  test("and the frames that a stalled network delivers at once are at most two seconds early", () => {
    const units = stream(60, (second) => second).map((unit, index) =>
      index >= 500 && index < 750 ? { ...unit, arrivedMs: 35_000 } : unit,
    );
    expect(Math.max(...timesOf(units).map((time, index) => (units[index]?.arrivedMs ?? 0) - time))).toBe(
      MOST_EARLY_MS,
    );
  });
});

test("for any stream time, a frame is never later than its arrival, at most two seconds earlier, and goes back only as B frames do", () => {
  const step = fc.record({
    seconds: fc.oneof(
      fc.constant(0.04),
      fc.double({ min: -0.2, max: 0.2, noNaN: true }),
      fc.double({ min: -1500, max: 1500, noNaN: true }),
      fc.constantFrom(0, Number.NaN, Number.POSITIVE_INFINITY, 1e308),
    ),
    elapsedMs: fc.oneof(
      fc.constant(40),
      fc.integer({ min: 0, max: 200 }),
      fc.integer({ min: 0, max: 20_000 }),
    ),
    reorderFrames: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      let state = NO_STREAM_TIME;
      let [seconds, arrivedMs, latestMs, latestSeconds, reorders] = [100, 0, -1e9, -1e9, 0];
      for (const { seconds: more, elapsedMs, reorderFrames } of steps) {
        seconds = Number.isFinite(seconds + more) ? seconds + more : more;
        arrivedMs += elapsedMs;
        reorders = reorderFrames ?? reorders;
        const format = reorderFrames === undefined ? {} : { format: formatOf({ reorderFrames }) };
        const next = frameTime(state, { streamSeconds: seconds, arrivedMs, ...format });
        state = next.state;
        expect(next.timeMs).toBeLessThanOrEqual(arrivedMs);
        expect(next.timeMs).toBeGreaterThanOrEqual(arrivedMs - MOST_EARLY_MS);
        const backMs =
          reorders === 0 ? 0 : Math.min(Math.max((latestSeconds - seconds) * 1000 || 0, 0), 1000);
        expect(next.timeMs).toBeGreaterThanOrEqual(latestMs - backMs - 1e-6);
        latestMs = Math.max(latestMs, next.timeMs);
        if (!Number.isFinite(seconds)) seconds = 0;
        latestSeconds = Math.max(latestSeconds, seconds);
      }
    }),
    { seed: 1, numRuns: 300 },
  );
});
