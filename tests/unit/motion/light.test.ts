import { describe, expect, test } from "vitest";
import { findLightChange } from "../../../agent/motion/light.ts";
import { applyToneCurve, findToneCurve } from "../../../agent/motion/tone.ts";
import { seeded } from "../../support/base/seeded.ts";

const PIXELS = 178 * 100;
const ALL = new Uint8Array(PIXELS).fill(1);

function image(seed: number): Float32Array {
  const random = seeded(seed);
  return Float32Array.from({ length: PIXELS }, (_, index) => 40 + (index % 178) * 0.7 + 30 * random());
}

/** Adds an object in the first `share` of the image. */
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
  ])("are found: gain %d, offset %d", (gain, offset) => {
    const before = image(1);
    const now = before.map((level) => gain * level + offset);
    const light = findLightChange(before, now, ALL, 5);
    expect(light.gain).toBeCloseTo(gain, 3);
    expect(light.offset).toBeCloseTo(offset, 1);
    expect(light.explained).toBe(1);
  });

  test("are found although an object covers a third of the image", () => {
    const before = image(2);
    const now = withObject(
      before.map((level) => 0.8 * level + 10),
      1 / 3,
    );
    const light = findLightChange(before, now, ALL, 5);
    expect(light.gain).toBeCloseTo(0.8, 1);
    expect(light.explained).toBeGreaterThan(0.6);
    expect(light.explained).toBeLessThan(0.7);
  });

  test("do not change when an object enters in the same light", () => {
    const before = image(3);
    const light = findLightChange(before, withObject(before, 0.45), ALL, 5);
    expect(light.gain).toBeCloseTo(1, 5);
    expect(light.shift).toBeCloseTo(0, 3);
  });

  test("are computed from the selected pixels only", () => {
    const before = image(4);
    const still = ALL.map((_, index) => (index < PIXELS / 4 ? 1 : 0));
    const now = before.map((level, index) => (index < PIXELS / 4 ? level + 20 : 0));
    expect(findLightChange(before, now, still, 5).offset).toBeCloseTo(20, 1);
  });

  test("of an image without contrast are an offset only", () => {
    const before = new Float32Array(PIXELS).fill(80);
    const light = findLightChange(before, new Float32Array(PIXELS).fill(110), ALL, 5);
    expect(light).toMatchObject({ explained: 1, shift: 30 });
  });

  test("of no pixels are the same light", () => {
    const light = findLightChange(image(5), image(6), new Uint8Array(PIXELS), 5);
    expect(light).toEqual({ gain: 1, offset: 0, explained: 1, shift: 0 });
  });
});

describe("the tone curve", () => {
  test("maps one image to the other", () => {
    const before = image(7);
    const now = before.map((level) => 255 * (level / 255) ** 0.7);
    const bent = before.slice();
    applyToneCurve(bent, findToneCurve(before, now, ALL));
    bent.forEach((level, index) => {
      expect(Math.abs(level - (now[index] ?? 0))).toBeLessThan(2);
    });
  });

  test("ignores an object that covers less than half of each brightness", () => {
    const before = image(8);
    const bent = before.slice();
    applyToneCurve(bent, findToneCurve(before, withObject(before, 0.4), ALL));
    bent.forEach((level, index) => {
      expect(Math.abs(level - (before[index] ?? 0))).toBeLessThan(1);
    });
  });

  test("does not change brightness without samples", () => {
    const bent = Float32Array.of(0, 100, 255);
    applyToneCurve(bent, findToneCurve(new Float32Array(5), new Float32Array(5).fill(9), ALL.subarray(0, 5)));
    expect([...bent]).toEqual([0, 100, 255]);
  });
});
