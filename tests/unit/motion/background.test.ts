import { describe, expect, test } from "vitest";
import { adoptAppearance, learn, relight, startBackground } from "../../../agent/motion/background.ts";

const LEARNING = { rate: 0.01, tolerance: 10, frames: 1, settleFrames: 100, returnFrames: 5 };

/** A background of one pixel that was `level` for `frames`. */
function pixel(level: number, frames: number) {
  const background = startBackground(1);
  adoptAppearance(background, Float32Array.of(level), Uint8Array.of(0));
  const show = (seen: number, times: number, frames = 1) => {
    let frame = 0;
    for (; frame < times; frame++) {
      const moved = Math.abs(seen - (background.current[0] ?? 0)) > LEARNING.tolerance ? 1 : 0;
      learn(background, Float32Array.of(seen), Uint8Array.of(moved), { ...LEARNING, frames });
    }
    return background.current[0];
  };
  show(level, frames);
  return { background, show };
}

describe("a pixel of the background", () => {
  test("follows slow changes as a running average", () => {
    const { show } = pixel(100, 1);
    expect(show(105, 69)).toBeCloseTo(105 - 5 * 0.99 ** 69, 3);
  });

  test("adopts what stays, after settleFrames", () => {
    const { show } = pixel(100, 50);
    expect(show(200, 99)).toBe(100);
    expect(show(200, 1)).toBe(200);
  });

  test("adopts what stays even if an object passes in front of it", () => {
    const { show } = pixel(100, 50);
    show(200, 80);
    show(20, 10);
    expect(show(200, 29)).toBe(100);
    expect(show(200, 1)).toBe(200);
  });

  test("never adopts what keeps changing", () => {
    const { show } = pixel(100, 50);
    for (let round = 0; round < 100; round++) {
      expect(show(200, 3)).toBe(100);
      expect(show(20, 3)).toBe(100);
    }
  });

  test("restores its former appearance after returnFrames", () => {
    const { show } = pixel(100, 200);
    show(200, 150);
    expect(show(101, 4)).toBe(200);
    expect(show(101, 1)).toBe(101);
  });

  test("changes after two rare frames that show its former appearance, and after four that show a new one", () => {
    const { show } = pixel(100, 200);
    expect(show(200, 3, 1000)).toBe(100);
    expect(show(200, 1, 1000)).toBe(200);
    expect(show(101, 1, 1000)).toBe(200);
    expect(show(101, 1, 1000)).toBe(101);
  });

  test("weighs frames that show the current appearance by the time before them", () => {
    const { show } = pixel(100, 200);
    show(200, 3, 20);
    show(100, 1, 20);
    expect(show(200, 2, 20)).toBe(100);
    expect(show(200, 1, 20)).toBe(200);
  });

  test("weighs frames for and against a new appearance by the time before them", () => {
    const { show } = pixel(100, 200);
    show(200, 4, 20);
    show(20, 20, 1);
    expect(show(200, 1, 20)).toBe(100);
    expect(show(200, 1, 20)).toBe(200);
  });

  test("does not restore a visitor who was background for a moment", () => {
    const { show } = pixel(100, 300);
    show(200, 120);
    show(100, 50);
    // Another visitor in the same coat.
    expect(show(200, 99)).toBe(100);
  });

  test("remembers the wall behind two visitors who became background in turn", () => {
    const { show } = pixel(100, 300);
    show(200, 120);
    show(20, 120);
    expect(show(100, 5)).toBe(100);
  });

  test("has no former appearance at first, not even black", () => {
    expect(pixel(100, 0).show(0, 99)).toBe(100);
  });

  test("adapts all appearances to another light", () => {
    const { background, show } = pixel(100, 200);
    show(200, 150);
    relight(background, { gain: 0.5, offset: 10 });
    expect(background.current[0]).toBe(110);
    expect(show(60, 5)).toBe(60);
  });
});

test("a frame is adopted except where something moves", () => {
  const background = startBackground(2);
  adoptAppearance(background, Float32Array.of(50, 50), Uint8Array.of(0, 0));
  adoptAppearance(background, Float32Array.of(90, 90), Uint8Array.of(0, 1));
  expect([...background.current]).toEqual([90, 50]);
});
