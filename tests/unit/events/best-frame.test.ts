import { describe, expect, test } from "vitest";
import { betterFrame } from "../../../agent/events/best-frame.ts";
import type { SnapshotOfObject } from "../../../agent/events/event.ts";
import type { Box } from "../../../detectors/detector.ts";

const PICTURE = { width: 640, height: 360 };

describe("the best frame of an object", () => {
  test("is the first one until a better one comes", () => {
    const first = frame([100, 100, 150, 220], 0.6);
    expect(betterFrame(undefined, first, PICTURE)).toBe(first);
    expect(betterFrame(first, frame([100, 100, 150, 220], 0.64), PICTURE)).toBe(first);
  });

  test("is surer by more than 0.05, or larger by more than a tenth", () => {
    const best = frame([100, 100, 150, 220], 0.6);
    const surer = frame([100, 100, 150, 220], 0.66);
    const larger = frame([100, 100, 150, 240], 0.6);
    expect(betterFrame(best, surer, PICTURE)).toBe(surer);
    expect(betterFrame(best, larger, PICTURE)).toBe(larger);
  });

  test("shows it whole rather than cut off by the picture's edge, however large", () => {
    const whole = frame([100, 100, 150, 220], 0.6);
    for (const cut of [
      frame([0, 10, 300, 350], 0.9),
      frame([10, 0, 300, 350], 0.9),
      frame([300, 10, 639, 350], 0.9),
      frame([10, 10, 300, 360], 0.9),
    ]) {
      expect(betterFrame(whole, cut, PICTURE)).toBe(whole);
      expect(betterFrame(cut, whole, PICTURE)).toBe(whole);
    }
  });

  test("may touch the border of the region that was looked at", () => {
    const small = frame([100, 100, 150, 220], 0.6);
    const atRegion = { ...frame([200, 100, 300, 300], 0.6), region: [200, 50, 520, 360] as const };
    expect(betterFrame(small, atRegion, PICTURE)).toBe(atRegion);
  });

  test("never goes round in circles", () => {
    const frames = [
      frame([100, 100, 150, 220], 0.9),
      frame([100, 100, 150, 250], 0.6),
      frame([100, 100, 150, 235], 0.75),
    ];
    let best: SnapshotOfObject | undefined;
    let changes = 0;
    for (let round = 0; round < 20; round++) {
      for (const next of frames) {
        const better = betterFrame(best, next, PICTURE);
        if (better !== best) changes++;
        best = better;
      }
    }
    expect(changes).toBeLessThanOrEqual(3);
  });
});

function frame(box: Box, score: number): SnapshotOfObject {
  const area = (box[2] - box[0]) * (box[3] - box[1]);
  return { frame_time: 1, box, area, region: [0, 0, 640, 360], score };
}
