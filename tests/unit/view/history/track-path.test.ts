import { describe, expect, test } from "vitest";
import type { TrackPoint } from "../../../../agent/state/past-event.ts";
import { extendPath, NO_PATH, pathPoints } from "../../../../agent/view/history/track-path.ts";

const at = (sinceMs: number, x: number, y = 300): TrackPoint => [sinceMs, x, y, x + 80, y + 200];
const pathOf = (points: readonly TrackPoint[]) => pathPoints(points.reduce(extendPath, NO_PATH));

describe("the path of a track", () => {
  test("keeps the boxes of an object that moves, and the latest one", () => {
    const points = [at(0, 100), at(200, 120), at(400, 125), at(600, 140), at(800, 143)];
    expect(pathOf(points)).toEqual([at(0, 100), at(200, 120), at(600, 140), at(800, 143)]);
  });

  test("keeps only the first and the latest box of an object that stands still", () => {
    const points = Array.from({ length: 1000 }, (_, index) => at(index * 200, 400 + (index % 3)));
    expect(pathOf(points)).toEqual([points[0], points.at(-1)]);
  });

  test("of any length has at most 41 points, and still leads from start to end", () => {
    const points = Array.from({ length: 5000 }, (_, index) => {
      return at(
        index * 200,
        450 + Math.round(430 * Math.sin(index / 9)),
        400 + Math.round(390 * Math.cos(index / 7)),
      );
    });
    const path = pathOf(points);
    expect(path.length).toBeLessThanOrEqual(41);
    expect([path[0], path.at(-1)]).toEqual([points[0], points.at(-1)]);
  });

  test("keeps the shape of a walk that is longer than the limit", () => {
    const points = Array.from({ length: 90 }, (_, index) => at(index * 200, index * 10));
    const path = pathOf(points);
    const steps = path.slice(1).map(([, x], index) => x - (path[index]?.[1] ?? 0));
    expect(path.length).toBeGreaterThan(15);
    expect(Math.max(...steps)).toBeLessThanOrEqual(50);
  });
});
