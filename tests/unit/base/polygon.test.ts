import { describe, expect, test } from "vitest";
import { type Polygon, polygonContains } from "../../../agent/base/polygon.ts";

const SQUARE: Polygon = [
  [0.2, 0.2],
  [0.8, 0.2],
  [0.8, 0.8],
  [0.2, 0.8],
];

/** A U, open at the top between x = 0.4 and 0.6. */
const HOOK: Polygon = [
  [0.2, 0.2],
  [0.4, 0.2],
  [0.4, 0.6],
  [0.6, 0.6],
  [0.6, 0.2],
  [0.8, 0.2],
  [0.8, 0.8],
  [0.2, 0.8],
];

describe("a polygon", () => {
  test("contains points inside it and none outside", () => {
    expect(polygonContains(SQUARE, [0.5, 0.5])).toBe(true);
    expect(polygonContains(SQUARE, [0.1, 0.5])).toBe(false);
    expect(polygonContains(SQUARE, [0.9, 0.5])).toBe(false);
    expect(polygonContains(SQUARE, [0.5, 0.9])).toBe(false);
    expect(polygonContains(SQUARE, [0.5, 0.1])).toBe(false);
  });

  test("may be concave", () => {
    expect(polygonContains(HOOK, [0.5, 0.4])).toBe(false);
    expect(polygonContains(HOOK, [0.3, 0.4])).toBe(true);
    expect(polygonContains(HOOK, [0.5, 0.7])).toBe(true);
  });

  test("does not depend on its direction or its first corner", () => {
    for (const point of [
      [0.5, 0.4],
      [0.3, 0.4],
    ] as const) {
      const expected = polygonContains(HOOK, point);
      expect(polygonContains([...HOOK].reverse(), point)).toBe(expected);
      expect(polygonContains([...HOOK.slice(3), ...HOOK.slice(0, 3)], point)).toBe(expected);
    }
  });

  test("shares a border with a neighbour: each point on it belongs to exactly one", () => {
    const left: Polygon = [
      [0, 0],
      [0.5, 0],
      [0.5, 1],
      [0, 1],
    ];
    const right: Polygon = [
      [0.5, 0],
      [1, 0],
      [1, 1],
      [0.5, 1],
    ];
    for (const y of [0.1, 0.5, 0.9]) {
      expect([left, right].filter((side) => polygonContains(side, [0.5, y]))).toHaveLength(1);
    }
  });
});
