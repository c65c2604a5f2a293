import { describe, expect, test } from "vitest";
import type { Box } from "../../../agent/base/box.ts";
import { ObjectsSchema } from "../../../agent/config/schema.ts";
import { hasShape, passesFilter, standsOn } from "../../../agent/tracking/object-filter.ts";
import type { Detection } from "../../../detectors/detector.ts";

const FRAME = { width: 1000, height: 500 };
/** 50 × 100 pixels; it stands at (425, 300). */
const BOX: Box = [400, 200, 450, 300];
const ANY = { min_area: 0, max_area: Number.POSITIVE_INFINITY, min_ratio: 0, max_ratio: 100 };

function passes(
  objects: Parameters<typeof ObjectsSchema.parse>[0],
  detection: Partial<Detection> = {},
): boolean {
  const person: Detection = { label: "person", score: 0.9, box: BOX };
  return passesFilter({ ...person, ...detection }, ObjectsSchema.parse(objects), FRAME);
}

describe("the object filter", () => {
  test("accepts only tracked labels", () => {
    expect(passes({ track: ["person"] })).toBe(true);
    expect(passes({ track: ["car"] })).toBe(false);
    expect(passes({ track: ["person", "car"] }, { label: "car" })).toBe(true);
  });

  test("applies the limits of a label to that label only", () => {
    const objects = { track: ["person", "dog"], filters: { dog: { min_area: 6000 } } };
    expect(passes(objects)).toBe(true);
    expect(passes(objects, { label: "dog" })).toBe(false);
  });

  test("does not check scores", () => {
    expect(passes({ filters: { person: { min_score: 0.5 } } }, { score: 0.2 })).toBe(true);
  });

  test("rejects what stands on the camera's mask or on its label's mask", () => {
    const here = "0.4,0.5,0.5,0.5,0.5,0.7,0.4,0.7";
    expect(passes({ mask: here })).toBe(false);
    expect(passes({ filters: { person: { mask: here } } })).toBe(false);
    expect(passes({ track: ["person", "dog"], filters: { dog: { mask: here } } })).toBe(true);
  });

  test("accepts what only its upper part places on a mask", () => {
    expect(passes({ mask: "0.4,0.3,0.5,0.3,0.5,0.59,0.4,0.59" })).toBe(true);
  });
});

describe("the limits of shape", () => {
  test("include both ends of the area", () => {
    expect(hasShape(BOX, { ...ANY, min_area: 5000, max_area: 5000 }, FRAME)).toBe(true);
    expect(hasShape(BOX, { ...ANY, min_area: 5001 }, FRAME)).toBe(false);
    expect(hasShape(BOX, { ...ANY, max_area: 4999 }, FRAME)).toBe(false);
  });

  test("take an area below 1 as a share of the frame", () => {
    expect(hasShape(BOX, { ...ANY, min_area: 0.01 }, FRAME)).toBe(true);
    expect(hasShape(BOX, { ...ANY, min_area: 0.011 }, FRAME)).toBe(false);
    expect(hasShape(BOX, { ...ANY, max_area: 0.009 }, FRAME)).toBe(false);
  });

  test("take the ratio as width over height", () => {
    expect(hasShape(BOX, { ...ANY, min_ratio: 0.5, max_ratio: 0.5 }, FRAME)).toBe(true);
    expect(hasShape(BOX, { ...ANY, min_ratio: 0.51 }, FRAME)).toBe(false);
    expect(hasShape(BOX, { ...ANY, max_ratio: 0.49 }, FRAME)).toBe(false);
  });
});

describe("an object stands on a polygon", () => {
  const left = [
    [0, 0],
    [0.5, 0],
    [0.5, 1],
    [0, 1],
  ] as const;

  test("with the centre of its lower edge", () => {
    expect(standsOn([left], [470, 100, 520, 300], FRAME)).toBe(true);
    expect(standsOn([left], [480, 100, 530, 300], FRAME)).toBe(false);
    expect(standsOn([], BOX, FRAME)).toBe(false);
  });

  test("that reaches to the frame's edge, even if its box reaches beyond it", () => {
    expect(standsOn([left], [100, 400, 150, 500], FRAME)).toBe(true);
    expect(standsOn([left], [-80, 400, -20, 560], FRAME)).toBe(true);
    const right = left.map(([x, y]) => [x + 0.5, y] as const);
    expect(standsOn([right], [1010, 400, 1060, 560], FRAME)).toBe(true);
  });
});
