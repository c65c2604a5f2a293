import { describe, expect, test } from "vitest";
import type { RawFrame } from "../../../agent/camera/frame.ts";
import { planShrinking, shrinkToGrey } from "../../../agent/motion/grey.ts";
import { seeded } from "../../support/base/seeded.ts";
import { greyFrame } from "../../support/camera/raw-frames.ts";

function shrink(frame: RawFrame, height: number) {
  const plan = planShrinking(frame, height);
  const grey = new Float32Array(plan.size.width * plan.size.height);
  shrinkToGrey(plan, frame, grey);
  return { size: plan.size, grey };
}

function flat({ width, height }: { width: number; height: number }, level: number): RawFrame {
  return greyFrame(width, height, new Uint8Array(width * height).fill(level));
}

describe("the small grey image", () => {
  test("has the requested rows and the frame's aspect ratio", () => {
    expect(planShrinking({ width: 768, height: 432 }, 100).size).toEqual({ width: 178, height: 100 });
    expect(planShrinking({ width: 1280, height: 720 }, 100).size).toEqual({ width: 178, height: 100 });
    expect(planShrinking({ width: 720, height: 1280 }, 180).size).toEqual({ width: 101, height: 180 });
  });

  test("has at most half the frame's rows", () => {
    expect(planShrinking({ width: 160, height: 120 }, 100).size).toEqual({ width: 80, height: 60 });
  });

  test.each([
    { width: 768, height: 432 },
    { width: 641, height: 359 },
    { width: 33, height: 21 },
    { width: 4, height: 2 },
    { width: 1920, height: 1080 },
  ])("of a uniform frame is uniform: $width×$height", (size) => {
    expect(new Set(shrink(flat(size, 255), 32).grey)).toEqual(new Set([255]));
    expect(new Set(shrink(flat(size, 70), 20).grey)).toEqual(new Set([70]));
  });

  test("has grey levels from black to white, whatever the range of the video", () => {
    const limited = { matrix: "bt601", range: "limited" } as const;
    const levels = [0, 16, 126, 235, 255].map((coded) => {
      const { grey } = shrink({ ...flat({ width: 64, height: 48 }, coded), colours: limited }, 24);
      return Math.round(grey[0] ?? Number.NaN);
    });
    expect(levels).toEqual([0, 0, 128, 255, 255]);
  });

  test("shows bright pixels at their position", () => {
    const brightness = new Uint8Array(320 * 240);
    for (let y = 120; y < 240; y++) brightness.fill(200, y * 320 + 160, y * 320 + 320);
    const { grey, size } = shrink(greyFrame(320, 240, brightness), 60);
    expect(size).toEqual({ width: 80, height: 60 });
    grey.forEach((level, index) => {
      const inside = index % 80 >= 40 && Math.floor(index / 80) >= 30;
      expect(level).toBe(inside ? 200 : 0);
    });
  });

  test.each([{ width: 768 }, { width: 1280 }, { width: 322 }, { width: 161 }])(
    "shows each position to within four pixels: $width wide",
    ({ width }) => {
      const height = 240;
      for (const x of [0, 40, 99, width - 12]) {
        const brightness = new Uint8Array(width * height);
        for (let y = 0; y < height; y++) brightness.fill(200, y * width + x, y * width + x + 12);
        const { grey, size } = shrink(greyFrame(width, height, brightness), 100);
        const lit = [...grey.subarray(0, size.width).keys()].filter((column) => (grey[column] ?? 0) > 100);
        const [from, to] = [lit[0] ?? Number.NaN, (lit.at(-1) ?? Number.NaN) + 1];
        const pixelsPerColumn = width / size.width;
        expect(Math.abs(from * pixelsPerColumn - x)).toBeLessThan(4 + pixelsPerColumn);
        expect(Math.abs(to * pixelsPerColumn - x - 12)).toBeLessThan(4 + pixelsPerColumn);
      }
    },
  );

  test("removes three quarters of the noise of single pixels", () => {
    const random = seeded(1);
    const brightness = new Uint8Array(768 * 432).map(() => 100 + 20 * (random() - 0.5));
    const { grey } = shrink(greyFrame(768, 432, brightness), 100);
    const mean = grey.reduce((sum, level) => sum + level, 0) / grey.length;
    const variance = grey.reduce((sum, level) => sum + (level - mean) ** 2, 0) / grey.length;
    expect(Math.sqrt(variance)).toBeLessThan(20 / Math.sqrt(12) / 3.8);
  });

  test("does not depend on the alignment of the frame in memory", () => {
    const random = seeded(2);
    const frame = greyFrame(
      64,
      48,
      Uint8Array.from({ length: 64 * 48 }, () => 256 * random()),
    );
    const moved = new Uint8Array(frame.planes.length + 3).subarray(3);
    moved.set(frame.planes);
    expect(shrink({ ...frame, planes: moved }, 24)).toEqual(shrink(frame, 24));
  });
});
