import { describe, expect, test } from "vitest";
import { seededRandom } from "../../../agent/events/event-id.ts";
import { type Place, seemsElsewhere, seenAt, startPlace, stayed } from "../../../agent/tracking/place.ts";
import type { Box } from "../../../detectors/detector.ts";

const CAR: Box = [200, 200, 360, 300];
const STATIONARY_AFTER = 50;

describe("a place", () => {
  test("is kept through the jitter of a detector for an hour", () => {
    const random = seededRandom(7);
    const jittered = () => CAR.map((edge) => edge + (random() - 0.5) * 24);
    const place = seeAll(Array.from({ length: 18_000 }, () => asBox(jittered())));
    expect(place).toMatchObject({ changes: 0, motionlessFrames: 18_000 });
  });

  test("is kept when somebody hides half of the object for a while", () => {
    const half: Box = [200, 200, 280, 300];
    expect(seeAll([...times(20, CAR), ...times(30, half), ...times(20, CAR)]).changes).toBe(0);
  });

  test("is kept when a door opens, and when single boxes are far off", () => {
    expect(seeAll(times(20, [200, 200, 430, 300])).changes).toBe(0);
    const odd: Box = [300, 150, 460, 250];
    expect(seeAll([...times(20, CAR), odd, ...times(3, CAR), odd, ...times(20, CAR)]).changes).toBe(0);
  });

  test("is left by what moves by a fifth of itself, three looks later", () => {
    const [moved] = times(1, [240, 200, 400, 300]);
    if (moved === undefined) throw new Error("no box");
    let place = seeAll(times(20, CAR));
    const changes = Array.from({ length: 4 }, () => {
      place = seenAt(place, moved, STATIONARY_AFTER);
      return place.changes;
    });
    expect(changes).toEqual([0, 0, 1, 1]);
    expect(place).toMatchObject({ motionlessFrames: 1, anchor: moved });
  });

  test("is left by what comes straight at the camera or goes away from it", () => {
    const scaled = (factor: number): Box => [
      280 - 80 * factor,
      250 - 50 * factor,
      280 + 80 * factor,
      250 + 50 * factor,
    ];
    expect(seeAll([...times(20, CAR), ...times(5, scaled(1.4))]).changes).toBe(1);
    expect(seeAll([...times(20, CAR), ...times(5, scaled(0.7))]).changes).toBe(1);
  });

  test("changes once for a walk, however long, and once more when that goes on after a rest", () => {
    const walk = (from: number) =>
      Array.from({ length: 40 }, (_, i): Box => [from + 20 * i, 0, from + 50 + 20 * i, 120]);
    const rested = seeAll([...walk(0), ...times(100, [800, 0, 850, 120])]);
    expect(rested.changes).toBe(1);
    expect(seeAll(walk(820), rested).changes).toBe(2);
  });

  test("counts frames in which nobody looked", () => {
    let place = startPlace(CAR);
    for (let frame = 0; frame < 10; frame++) place = stayed(place, STATIONARY_AFTER);
    expect(place.motionlessFrames).toBe(10);
  });

  test("is in doubt from the first box that lies elsewhere", () => {
    const place = seeAll(times(20, CAR));
    expect(seemsElsewhere(place)).toBe(false);
    expect(seemsElsewhere(seenAt(place, [250, 200, 410, 300], STATIONARY_AFTER))).toBe(true);
  });
});

function seeAll(boxes: readonly Box[], start: Place = startPlace(CAR)): Place {
  return boxes.reduce((place, box) => seenAt(place, box, STATIONARY_AFTER), start);
}

function times(count: number, box: Box): Box[] {
  return Array.from({ length: count }, () => box);
}

function asBox([x1 = 0, y1 = 0, x2 = 0, y2 = 0]: readonly number[]): Box {
  return [x1, y1, x2, y2];
}
