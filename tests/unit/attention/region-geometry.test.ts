import { describe, expect, test } from "vitest";
import { regionAround, regionsFor } from "../../../agent/attention/region-geometry.ts";
import { type Box, wholeFrame } from "../../../agent/base/box.ts";

const HD = { width: 1280, height: 720 };
const SQUARE = { width: 320, height: 320 };
const WIDE = { width: 640, height: 384 };

describe("the region around a box", () => {
  test("is as large as the model's input, so that small objects are not scaled down", () => {
    expect(regionAround([600, 300, 620, 340], HD, SQUARE)).toEqual([450, 160, 770, 480]);
  });

  test("grows with a large box, keeps the input's shape, and includes context", () => {
    const [x1, y1, x2, y2] = regionAround([400, 200, 600, 500], HD, SQUARE);
    expect(y2 - y1).toBe(x2 - x1);
    expect(y2 - y1).toBe(420);
    expect([x1, y1]).toEqual([290, 140]);
  });

  test("stays inside the frame, in whole pixels", () => {
    expect(regionAround([1270.5, 700.2, 1280, 720], HD, SQUARE)).toEqual([960, 400, 1280, 720]);
    expect(regionAround([0, 0, 10.7, 10], HD, SQUARE)).toEqual([0, 0, 320, 320]);
  });

  test("is cut off where the frame is lower than the region", () => {
    const [, y1, , y2] = regionAround([400, 0, 500, 432], { width: 1600, height: 432 }, SQUARE);
    expect([y1, y2]).toEqual([0, 432]);
  });

  test("becomes the whole frame where it would cover nearly all of it", () => {
    const vga = { width: 768, height: 432 };
    expect(regionAround([10, 10, 20, 20], vga, WIDE)).toEqual(wholeFrame(vga));
  });
});

describe("the regions for several boxes", () => {
  test("are shared by boxes that fit into one", () => {
    const boxes: readonly Box[] = [
      [100, 100, 140, 200],
      [250, 120, 290, 220],
    ];
    expect(regionsFor(boxes, HD, SQUARE, 3)).toEqual([[35, 0, 355, 320]]);
  });

  test("stay separate where a common region would scale everything down", () => {
    const boxes: readonly Box[] = [
      [20, 20, 60, 120],
      [1200, 600, 1240, 700],
    ];
    expect(regionsFor(boxes, HD, SQUARE, 3)).toHaveLength(2);
  });

  test("keep the budget, and the most important boxes come first", () => {
    const corners: readonly Box[] = [
      [1200, 600, 1240, 700],
      [20, 20, 60, 120],
      [1200, 20, 1240, 120],
      [20, 600, 60, 700],
    ];
    const regions = regionsFor(corners, HD, SQUARE, 2);
    expect(regions).toEqual([
      [960, 400, 1280, 720],
      [0, 0, 320, 320],
    ]);
  });

  test("are none without boxes", () => {
    expect(regionsFor([], HD, SQUARE, 3)).toEqual([]);
  });
});
