import { describe, expect, test } from "vitest";
import type { ExpectedObject } from "../../../agent/attention/expected-objects.ts";
import {
  type Attention,
  hasEverMoved,
  INITIAL_ATTENTION,
  planRegions,
  type RegionRules,
  recordPasses,
} from "../../../agent/attention/regions.ts";
import type { Motion } from "../../../agent/motion/gate.ts";
import type { Box } from "../../../detectors/detector.ts";

const RULES: RegionRules = {
  frame: { width: 1280, height: 720 },
  input: { width: 320, height: 320 },
  frameMs: 200,
  stationaryIntervalMs: 10_000,
  budget: 3,
};
const WHOLE: Box = [0, 0, 1280, 720];
const WALKER_BOX: Box = [600, 300, 650, 420];
const WALKER: ExpectedObject = {
  id: 1,
  box: WALKER_BOX,
  visible: true,
  confirmed: true,
  stationary: false,
  seenMs: Number.NEGATIVE_INFINITY,
  missed: false,
  steady: true,
};
const STILL: Motion = { boxes: [], calibrating: false };
const CALIBRATING: Motion = { boxes: [], calibrating: true };
const WALKING: Motion = { boxes: [WALKER_BOX], calibrating: false };

interface FrameContent {
  readonly motion?: Motion | undefined;
  readonly expected?: readonly ExpectedObject[];
  readonly found?: readonly Box[];
}

/** Plays frames to a detector that answers every region. @returns the regions of each frame. */
function watch(count: number, contentOf: (frame: number) => FrameContent, startWith = INITIAL_ATTENTION) {
  let attention: Attention = startWith;
  const planned: (readonly Box[])[] = [];
  for (let frame = 0; frame < count; frame++) {
    const content = contentOf(frame);
    const motion = "motion" in content ? content.motion : STILL;
    const observation = { timeMs: frame * RULES.frameMs, motion, expected: content.expected ?? [] };
    const regions = planRegions(attention, observation, RULES);
    planned.push(regions);
    attention = recordPasses(attention, observation, regions, content.found ?? [], RULES);
  }
  return { planned, attention };
}

const framesWithRegions = (planned: readonly (readonly Box[])[]) =>
  planned.flatMap((regions, frame) => (regions.length > 0 ? [frame] : []));

describe("the regions of a frame", () => {
  test("are the whole frame at first, and none as long as nothing moves", () => {
    const { planned } = watch(600, () => ({}));
    expect(planned[0]).toEqual([WHOLE]);
    expect(framesWithRegions(planned)).toEqual([0]);
  });

  test("are the whole frame every ten seconds while it keeps changing as a whole", () => {
    const { planned } = watch(120, () => ({ motion: CALIBRATING }));
    expect(framesWithRegions(planned)).toEqual([50, 100]);
  });

  test("are none while the frame changes as a whole, and the whole frame after that", () => {
    const { planned } = watch(12, (frame) => ({ motion: frame >= 4 && frame < 8 ? CALIBRATING : STILL }));
    expect(framesWithRegions(planned)).toEqual([0, 8]);
    expect(planned[8]).toEqual([WHOLE]);
  });

  test("cover new motion at once, at the stream's full resolution", () => {
    const { planned } = watch(4, (frame) => ({ motion: frame === 3 ? WALKING : STILL }));
    expect(planned[3]).toEqual([[465, 200, 785, 520]]);
  });

  test("cover unproductive motion at growing intervals", () => {
    const { planned } = watch(49, (frame) => ({ motion: frame === 0 ? STILL : WALKING }));
    expect(framesWithRegions(planned).length).toBeLessThan(12);
    expect(framesWithRegions(planned).slice(0, 4)).toEqual([0, 1, 2, 4]);
  });

  test("cover a steady walker in every second frame", () => {
    const { planned } = watch(40, (frame) => (frame === 0 ? {} : { motion: WALKING, expected: [WALKER] }));
    expect(framesWithRegions(planned).slice(0, 5)).toEqual([0, 1, 3, 5, 7]);
  });

  test("cover all steady walkers in the same frames, so that the other frames need no detection pass", () => {
    const other = { ...WALKER, id: 2, box: [100, 300, 150, 420] as const };
    const both = { boxes: [WALKER.box, other.box], calibrating: false };
    // The second walker appears in a frame in which the first one is not due.
    const { planned } = watch(12, (frame) =>
      frame === 0
        ? {}
        : frame < 4
          ? { motion: WALKING, expected: [WALKER] }
          : { motion: both, expected: [WALKER, other] },
    );
    expect(framesWithRegions(planned)).toEqual([0, 1, 3, 4, 6, 8, 10]);
  });

  test("cover a walker who is not steady or not confirmed in every frame", () => {
    for (const doubt of [{ steady: false }, { confirmed: false }]) {
      const expected = [{ ...WALKER, ...doubt }];
      const { planned } = watch(20, () => ({ motion: WALKING, expected }));
      expect(framesWithRegions(planned)).toHaveLength(20);
    }
  });

  test("do not cover an object that should have left the frame", () => {
    const { planned } = watch(20, () => ({ expected: [{ ...WALKER, visible: false }] }));
    expect(framesWithRegions(planned)).toEqual([0]);
  });

  test("cover a person who stands still once a second", () => {
    const { planned } = watch(31, (frame) => (frame === 0 ? {} : { expected: [WALKER] }));
    expect(framesWithRegions(planned)).toEqual([0, 1, 6, 11, 16, 21, 26]);
  });

  test("cover a stationary object seldom, and at once when motion touches it", () => {
    const parked = { ...WALKER, stationary: true };
    const { planned } = watch(151, (frame) =>
      frame === 0 ? {} : { expected: [parked], motion: frame === 80 ? WALKING : STILL },
    );
    expect(framesWithRegions(planned)).toEqual([0, 1, 51, 80, 130]);
  });

  test("are the whole frame every ten seconds while anything moves", () => {
    const { planned } = watch(120, () => ({ motion: WALKING, expected: [WALKER] }));
    const isWhole = (region: Box) => region.join() === WHOLE.join();
    expect(planned.flatMap((regions, frame) => (regions.some(isWhole) ? [frame] : []))).toEqual([0, 50, 100]);
  });

  test("are the whole frame in every frame where motion detection is off", () => {
    const { planned } = watch(5, () => ({ motion: undefined }));
    expect(planned).toEqual([[WHOLE], [WHOLE], [WHOLE], [WHOLE], [WHOLE]]);
  });

  test("keep the budget, and every object has a turn", () => {
    const crowd = Array.from({ length: 12 }, (_, index): ExpectedObject => {
      const [x, y] = [(index % 4) * 400, Math.floor(index / 4) * 330];
      return { ...WALKER, id: index, box: [x, y, x + 40, y + 60] };
    });
    const moving = { boxes: crowd.map(({ box }) => box), calibrating: false };
    const { planned } = watch(20, () => ({ motion: moving, expected: crowd }));
    expect(Math.max(...planned.map((regions) => regions.length))).toBe(RULES.budget);
    const inside = ([x1, y1, x2, y2]: Box, box: Box) =>
      x1 <= box[0] && y1 <= box[1] && x2 >= box[2] && y2 >= box[3];
    for (const { box } of crowd) {
      const turns = planned.filter((regions, frame) => frame > 0 && regions.some((one) => inside(one, box)));
      expect(turns.length).toBeGreaterThan(2);
    }
  });
});

test("an object that motion never touched has not moved", () => {
  const expected = [WALKER];
  const still = watch(20, () => ({ expected })).attention;
  expect(hasEverMoved(still, WALKER.id)).toBe(false);
  expect(hasEverMoved(watch(1, () => ({ motion: WALKING, expected }), still).attention, WALKER.id)).toBe(
    true,
  );
});
