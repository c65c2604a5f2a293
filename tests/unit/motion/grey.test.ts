import { describe, expect, test } from "vitest";
import { planShrinking, shrinkToGrey } from "../../../agent/motion/grey.ts";
import { seeded } from "../../support/seeded.ts";

function shrink(size: { width: number; height: number }, pixels: Uint8Array, height: number) {
  const plan = planShrinking(size, height);
  const grey = new Float32Array(plan.size.width * plan.size.height);
  shrinkToGrey(plan, { ...size, pixels }, grey);
  return { size: plan.size, grey };
}

describe("the small grey picture", () => {
  test("has the rows asked for and the frame's aspect", () => {
    expect(planShrinking({ width: 768, height: 432 }, 100).size).toEqual({ width: 178, height: 100 });
    expect(planShrinking({ width: 1280, height: 720 }, 100).size).toEqual({ width: 178, height: 100 });
    expect(planShrinking({ width: 720, height: 1280 }, 180).size).toEqual({ width: 101, height: 180 });
  });

  test("has half the frame's rows at most", () => {
    expect(planShrinking({ width: 160, height: 120 }, 100).size).toEqual({ width: 80, height: 60 });
  });

  test.each([
    { width: 768, height: 432 },
    { width: 641, height: 359 },
    { width: 33, height: 21 },
    { width: 1920, height: 1080 },
  ])("of one colour is the mean of red, green and blue everywhere: $width×$height", (size) => {
    const pixels = new Uint8Array(size.width * size.height * 3).fill(255);
    expect(new Set(shrink(size, pixels, 32).grey)).toEqual(new Set([255]));
    const orange = new Uint8Array(pixels.length).map((_, index) => [240, 150, 30][index % 3] ?? 0);
    const { grey } = shrink(size, orange, 20);
    // Where a small pixel begins with another colour it holds one byte more of that.
    for (const level of grey) expect(Math.abs(level - 140)).toBeLessThan(30);
  });

  test("shows what is bright where it is", () => {
    const size = { width: 320, height: 240 };
    const pixels = new Uint8Array(size.width * size.height * 3);
    for (let y = 120; y < 240; y++) pixels.fill(200, (y * 320 + 160) * 3, (y * 320 + 320) * 3);
    const { grey, size: small } = shrink(size, pixels, 60);
    expect(small).toEqual({ width: 80, height: 60 });
    grey.forEach((level, index) => {
      const inside = index % 80 >= 40 && Math.floor(index / 80) >= 30;
      expect(level).toBe(inside ? 200 : 0);
    });
  });

  test("takes four fifths of the noise of single pixels", () => {
    const size = { width: 768, height: 432 };
    const random = seeded(1);
    const pixels = new Uint8Array(size.width * size.height * 3).map(() => 100 + 20 * (random() - 0.5));
    const { grey } = shrink(size, pixels, 100);
    const mean = grey.reduce((sum, level) => sum + level, 0) / grey.length;
    const variance = grey.reduce((sum, level) => sum + (level - mean) ** 2, 0) / grey.length;
    expect(Math.sqrt(variance)).toBeLessThan(20 / Math.sqrt(12) / 4.8);
  });

  test("does not depend on where in memory the frame begins", () => {
    const size = { width: 64, height: 48 };
    const random = seeded(2);
    const pixels = new Uint8Array(size.width * size.height * 3).map(() => 256 * random());
    const moved = new Uint8Array(pixels.length + 3).subarray(3);
    moved.set(pixels);
    expect(shrink(size, moved, 24)).toEqual(shrink(size, pixels, 24));
  });
});
