import { describe, expect, test } from "vitest";
import type { Motion } from "../../../agent/motion/gate.ts";
import {
  type Attention,
  type Expected,
  hasStirred,
  type LookRules,
  NOTHING_SEEN,
  planRegions,
  rememberLook,
} from "../../../agent/motion/regions.ts";
import type { Box } from "../../../detectors/detector.ts";

const RULES: LookRules = {
  frame: { width: 1280, height: 720 },
  input: { width: 320, height: 320 },
  frameMs: 200,
  stationaryIntervalMs: 10_000,
  budget: 3,
};
const WHOLE: Box = [0, 0, 1280, 720];
const WALKER_BOX: Box = [600, 300, 650, 420];
const WALKER: Expected = {
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

interface Scene {
  readonly motion?: Motion | undefined;
  readonly expected?: readonly Expected[];
  readonly found?: readonly Box[];
}

/** Lets frames pass, every look answered. @returns the regions of each frame. */
function watch(count: number, sceneOf: (frame: number) => Scene, startWith = NOTHING_SEEN) {
  let attention: Attention = startWith;
  const looks: (readonly Box[])[] = [];
  for (let frame = 0; frame < count; frame++) {
    const scene = sceneOf(frame);
    const motion = "motion" in scene ? scene.motion : STILL;
    const glance = { timeMs: frame * RULES.frameMs, motion, expected: scene.expected ?? [] };
    const { regions } = planRegions(attention, glance, RULES);
    looks.push(regions);
    attention = rememberLook(attention, glance, regions, scene.found ?? [], RULES);
  }
  return { looks, attention };
}

const framesWithLooks = (looks: readonly (readonly Box[])[]) =>
  looks.flatMap((regions, frame) => (regions.length > 0 ? [frame] : []));

describe("where to look", () => {
  test("is everywhere at the first frame, and nowhere as long as nothing moves", () => {
    const { looks } = watch(600, () => ({}));
    expect(looks[0]).toEqual([WHOLE]);
    expect(framesWithLooks(looks)).toEqual([0]);
  });

  test("is everywhere now and then in a picture that never ceases to change as a whole", () => {
    const { looks } = watch(120, () => ({ motion: CALIBRATING }));
    expect(framesWithLooks(looks)).toEqual([50, 100]);
  });

  test("is nowhere while the picture changes as a whole, and everywhere after that", () => {
    const { looks } = watch(12, (frame) => ({ motion: frame >= 4 && frame < 8 ? CALIBRATING : STILL }));
    expect(framesWithLooks(looks)).toEqual([0, 8]);
    expect(looks[8]).toEqual([WHOLE]);
  });

  test("is at new motion at once, at the stream's full resolution", () => {
    const { looks } = watch(4, (frame) => ({ motion: frame === 3 ? WALKING : STILL }));
    expect(looks[3]).toEqual([[465, 200, 785, 520]]);
  });

  test("is ever less often at motion that is nothing", () => {
    const { looks } = watch(49, (frame) => ({ motion: frame === 0 ? STILL : WALKING }));
    expect(framesWithLooks(looks).length).toBeLessThan(12);
    expect(framesWithLooks(looks).slice(0, 4)).toEqual([0, 1, 2, 4]);
  });

  test("is at a steady walker every second frame", () => {
    const { looks } = watch(40, (frame) => (frame === 0 ? {} : { motion: WALKING, expected: [WALKER] }));
    expect(framesWithLooks(looks).slice(0, 5)).toEqual([0, 1, 3, 5, 7]);
  });

  test("is at several steady walkers in the same frames, so that every other one costs nothing", () => {
    const other = { ...WALKER, id: 2, box: [100, 300, 150, 420] as const };
    const both = { boxes: [WALKER.box, other.box], calibrating: false };
    // The second one comes when it is not the first one's turn.
    const { looks } = watch(12, (frame) =>
      frame === 0
        ? {}
        : frame < 4
          ? { motion: WALKING, expected: [WALKER] }
          : { motion: both, expected: [WALKER, other] },
    );
    expect(framesWithLooks(looks)).toEqual([0, 1, 3, 4, 6, 8, 10]);
  });

  test("is at every frame at a walker who may get lost, or is not sure to be one yet", () => {
    for (const doubt of [{ steady: false }, { confirmed: false }]) {
      const expected = [{ ...WALKER, ...doubt }];
      const { looks } = watch(20, () => ({ motion: WALKING, expected }));
      expect(framesWithLooks(looks)).toHaveLength(20);
    }
  });

  test("is nowhere for somebody who should have left the picture", () => {
    const { looks } = watch(20, () => ({ expected: [{ ...WALKER, visible: false }] }));
    expect(framesWithLooks(looks)).toEqual([0]);
  });

  test("is once a second at somebody who stands still", () => {
    const { looks } = watch(31, (frame) => (frame === 0 ? {} : { expected: [WALKER] }));
    expect(framesWithLooks(looks)).toEqual([0, 1, 6, 11, 16, 21, 26]);
  });

  test("is seldom at what is stationary, and at once when something moves at it", () => {
    const parked = { ...WALKER, stationary: true };
    const { looks } = watch(151, (frame) =>
      frame === 0 ? {} : { expected: [parked], motion: frame === 80 ? WALKING : STILL },
    );
    expect(framesWithLooks(looks)).toEqual([0, 1, 51, 80, 130]);
  });

  test("is everywhere now and then while anything moves", () => {
    const { looks } = watch(120, () => ({ motion: WALKING, expected: [WALKER] }));
    const isWhole = (region: Box) => region.join() === WHOLE.join();
    expect(looks.flatMap((regions, frame) => (regions.some(isWhole) ? [frame] : []))).toEqual([0, 50, 100]);
  });

  test("is everywhere in every frame where nobody watches for motion", () => {
    const { looks } = watch(5, () => ({ motion: undefined }));
    expect(looks).toEqual([[WHOLE], [WHOLE], [WHOLE], [WHOLE], [WHOLE]]);
  });

  test("never costs more than the budget, and everybody has a turn", () => {
    const crowd = Array.from({ length: 12 }, (_, index): Expected => {
      const [x, y] = [(index % 4) * 400, Math.floor(index / 4) * 330];
      return { ...WALKER, id: index, box: [x, y, x + 40, y + 60] };
    });
    const moving = { boxes: crowd.map(({ box }) => box), calibrating: false };
    const { looks } = watch(20, () => ({ motion: moving, expected: crowd }));
    expect(Math.max(...looks.map((regions) => regions.length))).toBe(RULES.budget);
    const inside = ([x1, y1, x2, y2]: Box, box: Box) =>
      x1 <= box[0] && y1 <= box[1] && x2 >= box[2] && y2 >= box[3];
    for (const { box } of crowd) {
      const turns = looks.filter((regions, frame) => frame > 0 && regions.some((one) => inside(one, box)));
      expect(turns.length).toBeGreaterThan(2);
    }
  });
});

test("what nothing ever moved at has not stirred", () => {
  const expected = [WALKER];
  const still = watch(20, () => ({ expected })).attention;
  expect(hasStirred(still, WALKER.id)).toBe(false);
  expect(hasStirred(watch(1, () => ({ motion: WALKING, expected }), still).attention, WALKER.id)).toBe(true);
});
