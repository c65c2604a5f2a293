import { describe, expect, test } from "vitest";
import { findLightChange } from "../../../agent/motion/light.ts";
import { applyToneCurve, findToneCurve } from "../../../agent/motion/tone.ts";
import { seeded } from "../../support/base/seeded.ts";

const PIXELS = 178 * 100;
const ALL = new Uint8Array(PIXELS).fill(1);

function picture(seed: number): Float32Array {
  const random = seeded(seed);
  return Float32Array.from({ length: PIXELS }, (_, index) => 40 + (index % 178) * 0.7 + 30 * random());
}

/** Something new in the first `share` of the picture. */
function withObject(levels: Float32Array, share: number): Float32Array {
  return levels.map((level, index) => (index < share * PIXELS ? 5 : level));
}

describe("gain and offset of the light", () => {
  test.each([
    [1, 0],
    [1.3, -10],
    [0.6, 40],
    [1, 25],
    [2, -60],
  ])("gain %d and offset %d are found", (gain, offset) => {
    const before = picture(1);
    const now = before.map((level) => gain * level + offset);
    const light = findLightChange(before, now, ALL, 5);
    expect(light.gain).toBeCloseTo(gain, 3);
    expect(light.offset).toBeCloseTo(offset, 1);
    expect(light.explained).toBe(1);
  });

  test("are found though a third of the picture is something else now", () => {
    const before = picture(2);
    const now = withObject(
      before.map((level) => 0.8 * level + 10),
      1 / 3,
    );
    const light = findLightChange(before, now, ALL, 5);
    expect(light.gain).toBeCloseTo(0.8, 1);
    expect(light.explained).toBeGreaterThan(0.6);
    expect(light.explained).toBeLessThan(0.7);
  });

  test("are the same where an object enters and the light stays", () => {
    const before = picture(3);
    const light = findLightChange(before, withObject(before, 0.45), ALL, 5);
    expect(light.gain).toBeCloseTo(1, 5);
    expect(light.shift).toBeCloseTo(0, 3);
  });

  test("are taken from the pixels to use only", () => {
    const before = picture(4);
    const still = ALL.map((_, index) => (index < PIXELS / 4 ? 1 : 0));
    const now = before.map((level, index) => (index < PIXELS / 4 ? level + 20 : 0));
    expect(findLightChange(before, now, still, 5).offset).toBeCloseTo(20, 1);
  });

  test("of a picture without contrast is an offset", () => {
    const before = new Float32Array(PIXELS).fill(80);
    const light = findLightChange(before, new Float32Array(PIXELS).fill(110), ALL, 5);
    expect(light).toMatchObject({ explained: 1, shift: 30 });
  });

  test("of no pixels at all is the same light", () => {
    const light = findLightChange(picture(5), picture(6), new Uint8Array(PIXELS), 5);
    expect(light).toEqual({ gain: 1, offset: 0, explained: 1, shift: 0 });
  });
});

describe("the curve that is left over", () => {
  test("bends one picture into the other", () => {
    const before = picture(7);
    const now = before.map((level) => 255 * (level / 255) ** 0.7);
    const bent = before.slice();
    applyToneCurve(bent, findToneCurve(before, now, ALL));
    bent.forEach((level, index) => {
      expect(Math.abs(level - (now[index] ?? 0))).toBeLessThan(2);
    });
  });

  test("does not follow an object that covers less than half of each brightness", () => {
    const before = picture(8);
    const bent = before.slice();
    applyToneCurve(bent, findToneCurve(before, withObject(before, 0.4), ALL));
    bent.forEach((level, index) => {
      expect(Math.abs(level - (before[index] ?? 0))).toBeLessThan(1);
    });
  });

  test("leaves alone what no pixel speaks of", () => {
    const bent = Float32Array.of(0, 100, 255);
    applyToneCurve(bent, findToneCurve(new Float32Array(5), new Float32Array(5).fill(9), ALL.subarray(0, 5)));
    expect([...bent]).toEqual([0, 100, 255]);
  });
});
