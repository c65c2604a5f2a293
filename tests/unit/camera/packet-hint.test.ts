import { describe, expect, test } from "vitest";
import {
  forgetSizes,
  judgeSize,
  learnSizes,
  NO_HISTORY,
  type PacketHint,
  raiseThreshold,
} from "../../../agent/camera/packet-hint.ts";
import { seeded } from "../../support/base/seeded.ts";

const GROUP = 50;
const FRAME_MS = 40;

/** A camera of 25 frames per second with a key frame every two seconds, and its hints. */
function open(sizeOf: (number: number, random: () => number) => number = usual) {
  const random = seeded(1);
  let hint: PacketHint = NO_HISTORY;
  let number = 0;
  const film = (bytes = sizeOf(number, random), isDamaged = false) => {
    const isKey = number % GROUP === 0;
    const step = judgeSize(hint, { bytes, isKey, isDamaged, timeMs: number++ * FRAME_MS });
    hint = step.hint;
    return step.suggestsMotion;
  };
  const change = (next: (hint: PacketHint, timeMs: number) => PacketHint) => {
    hint = next(hint, (number - 1) * FRAME_MS);
  };
  return {
    film,
    change,
    hint: () => hint,
    /** Films groups in which nothing moves. @returns the number of hints, each of which finds nothing */
    still(groups: number): number {
      let hints = 0;
      for (let frame = 0; frame < groups * GROUP; frame++) {
        if (film()) {
          hints++;
          change(raiseThreshold);
        }
        if (number % GROUP === 1) change(learnSizes);
      }
      return hints;
    },
  };
}

/** Every fifth frame is larger, as encoders with layers make them; otherwise some percent up or down. */
function usual(number: number, random: () => number): number {
  const noise = random() + random() + random() - 1.5;
  return Math.round((number % 5 === 0 ? 4000 : 1000) * Math.exp(0.05 * noise));
}

/** A constant bit rate: sizes hunt around their mean, and some are far off. */
function hunting(number: number, random: () => number): number {
  const outlier = random() < 0.02 ? 1.5 * random() : 0;
  return Math.round(2000 * Math.exp(0.1 * Math.sin(number / 7) + outlier + 0.05 * random()));
}

describe("an unusually large frame", () => {
  test("is a hint after six groups without motion, not before", () => {
    const young = open();
    young.still(5);
    young.film();
    expect(young.film(8000)).toBe(false);
    const old = open();
    old.still(7);
    old.film();
    expect(old.film(8000)).toBe(true);
  });

  test("is no hint where frames at this position are always large", () => {
    const camera = open();
    camera.still(10);
    for (let position = 0; position < 5; position++) camera.film();
    expect(camera.film(4000)).toBe(false);
    expect(camera.film(4000)).toBe(true);
  });

  test("is no hint if it is a key frame, or if packets of it were lost", () => {
    const camera = open();
    camera.still(10);
    expect(camera.film(100_000)).toBe(false);
    expect(camera.film(8000, true)).toBe(false);
  });
});

test("three frames in a row are a hint if each is larger by an amount that is normal for one frame", () => {
  const camera = open();
  camera.still(20);
  camera.film();
  const size = 1100;
  expect([camera.film(size), camera.film(size), camera.film(size)]).toEqual([false, false, true]);
});

test("where sizes are alike by chance, those at other positions tell how much they vary", () => {
  const luckyAt = 10;
  const camera = open((number, random) => {
    const noise = random() + random() + random() - 1.5;
    return number % GROUP === luckyAt ? 1000 : Math.round(1000 * Math.exp(0.1 * noise));
  });
  camera.still(20);
  for (let position = 0; position < luckyAt; position++) camera.film(1000);
  expect(camera.film(1090)).toBe(false);
  camera.still(20);
  for (let position = 0; position < luckyAt; position++) camera.film(1000);
  expect(camera.film(1300)).toBe(true);
});

test("smaller frames are no hint", () => {
  const camera = open();
  camera.still(20);
  camera.film();
  expect([camera.film(10), camera.film(10), camera.film(10)]).toEqual([false, false, false]);
});

test("sizes of frames with motion are not learnt", () => {
  const camera = open();
  camera.still(10);
  const before = camera.hint().usual;
  for (let frame = 0; frame < 2 * GROUP; frame++) camera.film(5000);
  camera.change(forgetSizes);
  camera.change(learnSizes);
  expect(camera.hint().usual).toEqual(before);
});

describe("an encoder whose sizes vary without motion", () => {
  test("gives hints at first, and less than one in two minutes from the second ten minutes on", () => {
    const camera = open(hunting);
    const minute = 30;
    expect(camera.still(10 * minute)).toBeGreaterThan(5);
    expect(camera.still(30 * minute)).toBeLessThan(15);
  });

  test("has a lower threshold again after an hour of steady sizes", () => {
    const camera = open((number, random) => (number < 15_000 ? hunting : usual)(number, random));
    camera.still(300);
    const strict = camera.hint().threshold;
    camera.still(1800);
    expect(camera.hint().threshold).toBeLessThan(strict / 1.2);
    expect(camera.hint().threshold).toBeLessThan(5.5);
  });
});

test("a stream without verdicts or key frames takes a bounded amount of memory", () => {
  let hint: PacketHint = NO_HISTORY;
  for (let number = 0; number < 5000; number++) {
    ({ hint } = judgeSize(hint, { bytes: number, isKey: false, isDamaged: false, timeMs: number }));
  }
  expect(hint.pending.length).toBeLessThanOrEqual(512);
  hint = learnSizes(hint, 5000);
  expect(hint.usual.length).toBeLessThanOrEqual(64);
  expect(Math.max(...hint.usual.map(({ sizes }) => sizes.length))).toBeLessThanOrEqual(24);
});
