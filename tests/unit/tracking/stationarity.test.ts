import { describe, expect, test } from "vitest";
import { seededRandom } from "../../../agent/events/event-id.ts";
import {
  afterDetection,
  afterMotionlessFrame,
  type Stationarity,
  seemsMoved,
  startStationarity,
} from "../../../agent/tracking/stationarity.ts";
import type { Box } from "../../../detectors/detector.ts";

const CAR: Box = [200, 200, 360, 300];
const STATIONARY_AFTER = 50;

describe("the stationarity of an object", () => {
  test("withstands the jitter of a detector for an hour", () => {
    const random = seededRandom(7);
    const jittered = () => CAR.map((edge) => edge + (random() - 0.5) * 24);
    const stationarity = seeAll(Array.from({ length: 18_000 }, () => asBox(jittered())));
    expect(stationarity).toMatchObject({ changes: 0, motionlessFrames: 18_000 });
  });

  test("withstands that half of the object is hidden for a while", () => {
    const half: Box = [200, 200, 280, 300];
    expect(seeAll([...times(20, CAR), ...times(30, half), ...times(20, CAR)]).changes).toBe(0);
  });

  test("withstands an opened door and single odd boxes", () => {
    expect(seeAll(times(20, [200, 200, 430, 300])).changes).toBe(0);
    const odd: Box = [300, 150, 460, 250];
    expect(seeAll([...times(20, CAR), odd, ...times(3, CAR), odd, ...times(20, CAR)]).changes).toBe(0);
  });

  test("changes three detections after a move by a fifth of the size", () => {
    const [moved] = times(1, [240, 200, 400, 300]);
    if (moved === undefined) throw new Error("no box");
    let stationarity = seeAll(times(20, CAR));
    const changes = Array.from({ length: 4 }, () => {
      stationarity = afterDetection(stationarity, moved, 1, STATIONARY_AFTER);
      return stationarity.changes;
    });
    expect(changes).toEqual([0, 0, 1, 1]);
    expect(stationarity).toMatchObject({ motionlessFrames: 1, anchor: moved });
  });

  test("changes when the object approaches the camera or moves away from it", () => {
    const scaled = (factor: number): Box => [
      280 - 80 * factor,
      250 - 50 * factor,
      280 + 80 * factor,
      250 + 50 * factor,
    ];
    expect(seeAll([...times(20, CAR), ...times(5, scaled(1.4))]).changes).toBe(1);
    expect(seeAll([...times(20, CAR), ...times(5, scaled(0.7))]).changes).toBe(1);
  });

  test("changes once during a walk, and once more when it continues after a rest", () => {
    const walk = (from: number) =>
      Array.from({ length: 40 }, (_, i): Box => [from + 20 * i, 0, from + 50 + 20 * i, 120]);
    const rested = seeAll([...walk(0), ...times(100, [800, 0, 850, 120])]);
    expect(rested.changes).toBe(1);
    expect(seeAll(walk(820), rested).changes).toBe(2);
  });

  test("counts frames in which the object was not examined", () => {
    let stationarity = startStationarity(CAR);
    for (let frame = 0; frame < 10; frame++)
      stationarity = afterMotionlessFrame(stationarity, 1, STATIONARY_AFTER);
    expect(stationarity.motionlessFrames).toBe(10);
  });

  test("takes two frames, however long the pause before them was", () => {
    const once = afterMotionlessFrame(startStationarity(CAR), 1000, STATIONARY_AFTER);
    expect(once.motionlessFrames).toBe(25);
    expect(afterMotionlessFrame(once, 1000, STATIONARY_AFTER).motionlessFrames).toBe(50);
  });

  test("is in doubt after the first box elsewhere", () => {
    const stationarity = seeAll(times(20, CAR));
    expect(seemsMoved(stationarity)).toBe(false);
    expect(seemsMoved(afterDetection(stationarity, [250, 200, 410, 300], 1, STATIONARY_AFTER))).toBe(true);
  });
});

function seeAll(boxes: readonly Box[], start: Stationarity = startStationarity(CAR)): Stationarity {
  return boxes.reduce((stationarity, box) => afterDetection(stationarity, box, 1, STATIONARY_AFTER), start);
}

function times(count: number, box: Box): Box[] {
  return Array.from({ length: count }, () => box);
}

function asBox([x1 = 0, y1 = 0, x2 = 0, y2 = 0]: readonly number[]): Box {
  return [x1, y1, x2, y2];
}
