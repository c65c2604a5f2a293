import { describe, expect, test } from "vitest";
import { adoptLook, learn, relight, startBackground } from "../../../agent/motion/background.ts";

const LEARNING = { rate: 0.01, tolerance: 10, settleFrames: 100, returnFrames: 5 };

/** One pixel of background that has been `level` for `frames`. */
function pixel(level: number, frames: number) {
  const background = startBackground(1);
  adoptLook(background, Float32Array.of(level), Uint8Array.of(0));
  const show = (seen: number, times: number) => {
    let frame = 0;
    for (; frame < times; frame++) {
      const moved = Math.abs(seen - (background.look[0] ?? 0)) > LEARNING.tolerance ? 1 : 0;
      learn(background, Float32Array.of(seen), Uint8Array.of(moved), LEARNING);
    }
    return background.look[0];
  };
  show(level, frames);
  return { background, show };
}

describe("one place of the background", () => {
  test("follows what changes slowly as a running average", () => {
    const { show } = pixel(100, 1);
    expect(show(105, 69)).toBeCloseTo(105 - 5 * 0.99 ** 69, 3);
  });

  test("becomes what stays, after settleFrames", () => {
    const { show } = pixel(100, 50);
    expect(show(200, 99)).toBe(100);
    expect(show(200, 1)).toBe(200);
  });

  test("becomes what stays though somebody passes in front of it", () => {
    const { show } = pixel(100, 50);
    show(200, 80);
    show(20, 10);
    expect(show(200, 29)).toBe(100);
    expect(show(200, 1)).toBe(200);
  });

  test("never becomes what changes all the time", () => {
    const { show } = pixel(100, 50);
    for (let round = 0; round < 100; round++) {
      expect(show(200, 3)).toBe(100);
      expect(show(20, 3)).toBe(100);
    }
  });

  test("is its old self again after returnFrames", () => {
    const { show } = pixel(100, 200);
    show(200, 150);
    expect(show(101, 4)).toBe(200);
    expect(show(101, 1)).toBe(101);
  });

  test("is not taken for a visitor who was background for a moment", () => {
    const { show } = pixel(100, 300);
    show(200, 120);
    show(100, 50);
    // Another one in the same coat.
    expect(show(200, 99)).toBe(100);
  });

  test("remembers the wall behind two visitors who became background one after the other", () => {
    const { show } = pixel(100, 300);
    show(200, 120);
    show(20, 120);
    expect(show(100, 5)).toBe(100);
  });

  test("has no former look at first: what is black is as new as anything", () => {
    expect(pixel(100, 0).show(0, 99)).toBe(100);
  });

  test("knows everything in another light", () => {
    const { background, show } = pixel(100, 200);
    show(200, 150);
    relight(background, { gain: 0.5, offset: 10 });
    expect(background.look[0]).toBe(110);
    expect(show(60, 5)).toBe(60);
  });
});

test("a new look is adopted except where something moves", () => {
  const background = startBackground(2);
  adoptLook(background, Float32Array.of(50, 50), Uint8Array.of(0, 0));
  adoptLook(background, Float32Array.of(90, 90), Uint8Array.of(0, 1));
  expect([...background.look]).toEqual([90, 50]);
});
