import { describe, expect, test } from "vitest";
import { eventFigures } from "../../../scripts/benchmark/tracking/event-figures.ts";
import { type ScoredFrame, scoreTracks } from "../../../scripts/benchmark/tracking/mot-metrics.ts";
import { clipFrame, compareWithTruth } from "../../../scripts/benchmark/tracking/row.ts";
import type { TrueBox } from "../../../scripts/benchmark/tracking/truth.ts";

const boxAt = (x: number) => [x, 0, x + 10, 20] as const;
const truth = (object: string, x: number, isValid = true): TrueBox => ({ object, box: boxAt(x), isValid });
const reported = (id: string, x: number) => ({ id, box: boxAt(x) });
const frame = (
  one: readonly TrueBox[],
  other: readonly { id: string; box: readonly [number, number, number, number] }[],
): ScoredFrame => ({
  truth: one,
  reported: other,
});

describe("the scores of a tracker", () => {
  test("are full for one identity on each object", () => {
    const frames = [0, 1, 2].map((x) =>
      frame([truth("a", x), truth("b", x + 50)], [reported("2", x + 50), reported("1", x)]),
    );
    expect(scoreTracks(frames)).toMatchObject({
      mota: 1,
      idf1: 1,
      switches: 0,
      misses: 0,
      falsePositives: 0,
    });
  });

  test("count misses, false positives and fragments", () => {
    const a = [truth("a", 0)];
    const frames = [
      frame(a, [reported("1", 0)]),
      frame(a, [reported("1", 80)]),
      frame(a, [reported("1", 0)]),
    ];
    const score = scoreTracks(frames);
    expect(score).toMatchObject({ misses: 1, falsePositives: 1, fragments: 1, switches: 0 });
    expect(score.mota).toBeCloseTo(1 / 3, 10);
    expect(score.idf1).toBeCloseTo(2 / 3, 10);
  });

  test("count a switch when another identity follows an object, also after a gap", () => {
    const a = [truth("a", 0)];
    const frames = [
      frame(a, [reported("1", 0)]),
      frame(a, []),
      frame(a, [reported("2", 0)]),
      frame(a, [reported("2", 0)]),
    ];
    const score = scoreTracks(frames);
    expect(score.switches).toBe(1);
    expect(score.idf1).toBeCloseTo((2 * 2) / (4 + 3), 10);
    expect(score.identities.get("a")).toEqual(["1", "2"]);
  });

  test("keep a pair that still overlaps, even if another box is nearer", () => {
    const a = [truth("a", 0)];
    const frames = [frame(a, [reported("1", 0)]), frame(a, [reported("1", 2), reported("2", 0)])];
    expect(scoreTracks(frames)).toMatchObject({ switches: 0, falsePositives: 1 });
  });

  test("ignore boxes on objects that do not count", () => {
    const frames = [frame([truth("a", 0), truth("b", 50, false)], [reported("1", 0), reported("2", 50)])];
    expect(scoreTracks(frames)).toMatchObject({ mota: 1, idf1: 1 });
  });
});

describe("the figures of events", () => {
  const boxes = new Map(
    Array.from(
      { length: 41 },
      (_, index) => [index + 1, index >= 10 && index <= 20 ? [truth("a", index)] : []] as const,
    ),
  );
  const visit = { boxes, lastFrame: 41 };
  const frames = Array.from({ length: 41 }, (_, index) => ({
    seconds: index / 10,
    reported: index >= 12 && index <= 20 ? [reported("1", index)] : [],
    count: index >= 12 && index < 26 ? 1 : 0,
  }));

  test("are the times from entering to new and from leaving to end", () => {
    const score = scoreTracks(
      frames.map(({ reported: seen }, index) => frame(boxes.get(index + 1) ?? [], seen)),
    );
    const events = [{ id: "1", newSeconds: 1.2, endSeconds: 2.6 }];
    const figures = eventFigures(events, visit, score, 10);
    expect(figures).toMatchObject({ events: 1, eventsPerObject: 1 });
    expect(figures.newSeconds).toBeCloseTo(0.2, 10);
    expect(figures.endSeconds).toBeCloseTo(0.6, 10);
  });

  test("compare the count with the true boxes of each frame", () => {
    const row = compareWithTruth("x", { frames, events: [] }, visit, { clip: 10, analysed: 10 });
    expect(row).toMatchObject({
      count_exact: 0.8293,
      count_exact_all: 0.8293,
      count_error: 0.171,
      end_s: null,
    });
  });
});

test("an analysed frame is the last of the clip's frames that round to its time, as ffmpeg chooses it", () => {
  const numbers = (clip: number, analysed: number) =>
    [0, 1, 2].map((index) => clipFrame(index / analysed, { clip, analysed }));
  expect(numbers(10, 10)).toEqual([1, 2, 3]);
  expect(numbers(10, 5)).toEqual([1, 3, 5]);
  expect(numbers(10, 1)).toEqual([5, 15, 25]);
  expect(numbers(25, 5)).toEqual([3, 8, 13]);
});
