import { describe, expect, test } from "vitest";
import { betterFrame } from "../../../agent/events/best-frame.ts";
import type { SnapshotOfObject } from "../../../agent/events/event.ts";
import type { Box } from "../../../detectors/detector.ts";

const FRAME = { width: 640, height: 360 };

describe("the best frame of an object", () => {
  test("is the first one until a better one arrives", () => {
    const first = frame([100, 100, 150, 220], 0.6);
    expect(betterFrame(undefined, first, FRAME)).toBe(first);
    expect(betterFrame(first, frame([100, 100, 150, 220], 0.64), FRAME)).toBe(first);
  });

  test("has a score higher by more than 0.05, or an area larger by more than a tenth", () => {
    const best = frame([100, 100, 150, 220], 0.6);
    const sure = frame([100, 100, 150, 220], 0.66);
    const larger = frame([100, 100, 150, 240], 0.6);
    expect(betterFrame(best, sure, FRAME)).toBe(sure);
    expect(betterFrame(best, larger, FRAME)).toBe(larger);
  });

  test("shows the whole object rather than a larger one cut off by the frame's edge", () => {
    const whole = frame([100, 100, 150, 220], 0.6);
    for (const cut of [
      frame([0, 10, 300, 350], 0.9),
      frame([10, 0, 300, 350], 0.9),
      frame([300, 10, 639, 350], 0.9),
      frame([10, 10, 300, 360], 0.9),
    ]) {
      expect(betterFrame(whole, cut, FRAME)).toBe(whole);
      expect(betterFrame(cut, whole, FRAME)).toBe(whole);
    }
  });

  test("may touch the border of the examined region", () => {
    const small = frame([100, 100, 150, 220], 0.6);
    const atRegion = { ...frame([200, 100, 300, 300], 0.6), region: [200, 50, 520, 360] as const };
    expect(betterFrame(small, atRegion, FRAME)).toBe(atRegion);
  });

  test("never alternates between frames", () => {
    const frames = [
      frame([100, 100, 150, 220], 0.9),
      frame([100, 100, 150, 250], 0.6),
      frame([100, 100, 150, 235], 0.75),
    ];
    let best: SnapshotOfObject | undefined;
    let changes = 0;
    for (let round = 0; round < 20; round++) {
      for (const next of frames) {
        const better = betterFrame(best, next, FRAME);
        if (better !== best) changes++;
        best = better;
      }
    }
    expect(changes).toBeLessThanOrEqual(3);
  });
});

function frame(box: Box, score: number): SnapshotOfObject {
  const area = (box[2] - box[0]) * (box[3] - box[1]);
  return { frame_time: 1, box, area, region: [0, 0, 640, 360], score, attributes: [] };
}
