import { describe, expect, test } from "vitest";
import type { Tensor } from "../../../../../detectors/compiler/graph/value.ts";
import { yolov5Detect } from "../../../../../detectors/compiler/ops/yolov5-detect.ts";
import type { Thresholds } from "../../../../../detectors/contract.ts";

const CLASSES = 2;
const PER_BOX = 5 + CLASSES;
const attributes = {
  classes: CLASSES,
  scales: [
    {
      stride: 8,
      anchors: [
        [10, 20],
        [40, 30],
      ] as const,
    },
  ],
};
const HEIGHT = 2;
const WIDTH = 3;

interface Cell {
  readonly x: number;
  readonly y: number;
  readonly anchor: number;
  /** tx, ty, tw, th, objectness and class logits. */
  readonly logits: readonly number[];
}

/** Logits without objects, except in these cells. */
function logitsOf(cells: readonly Cell[]): Tensor {
  const data = new Float32Array(HEIGHT * WIDTH * 2 * PER_BOX).fill(-20);
  for (const { x, y, anchor, logits } of cells) data.set(logits, ((y * WIDTH + x) * 2 + anchor) * PER_BOX);
  return { shape: [HEIGHT, WIDTH, 2 * PER_BOX], data };
}

function detect(cells: readonly Cell[], thresholds: Thresholds = { score: 0.25, iou: 0.45 }): number[][] {
  const { data } = yolov5Detect.reference([logitsOf(cells)], attributes, thresholds);
  const rows = Array.from({ length: 300 }, (_, row) => [...data.slice(row * 6, row * 6 + 6)]);
  return rows.filter(([, , , , score = 0]) => score > 0);
}

const logit = (probability: number): number => Math.log(probability / (1 - probability));

describe("yolov5_detect", () => {
  test("decodes zero logits to a box of the anchor's size in the middle of the cell", () => {
    const [box = []] = detect([{ x: 2, y: 1, anchor: 1, logits: [0, 0, 0, 0, 20, -20, 20] }]);
    // Centre (2.5, 1.5) · 8 = (20, 12), anchor 40×30.
    expect(box.slice(0, 4)).toEqual([0, -3, 40, 27]);
    expect(box[4]).toBeCloseTo(1, 6);
    expect(box[5]).toBe(1);
  });

  test("moves centres by up to one and a half cells and scales anchors by up to four", () => {
    const [box = []] = detect([{ x: 0, y: 0, anchor: 0, logits: [20, -20, 20, 0, 20, 20, 0] }]);
    // Centre (1.5, −0.5) · 8 = (12, −4), size (4 · 10, 20).
    expect(box.slice(0, 4).map((value) => Math.round(value * 1e3) / 1e3)).toEqual([-8, -14, 32, 6]);
  });

  test("multiplies objectness and class score, and requires objectness and product above the threshold", () => {
    const at = (objectness: number, certainty: number): number[][] =>
      detect([{ x: 0, y: 0, anchor: 0, logits: [0, 0, 0, 0, logit(objectness), logit(certainty), -20] }], {
        score: 0.5,
        iou: 0.45,
      });
    expect(at(0.8, 0.7)[0]?.[4]).toBeCloseTo(0.56, 6);
    expect(at(0.8, 0.6)).toEqual([]);
    expect(at(0.49, 0.99)).toEqual([]);
  });

  test("chooses the lowest label of equal classes", () => {
    expect(detect([{ x: 0, y: 0, anchor: 0, logits: [0, 0, 0, 0, 20, 3, 3] }])[0]?.[5]).toBe(0);
  });

  test("drops the weaker of two boxes of one label that overlap, and keeps both of different labels", () => {
    const strong: Cell = { x: 1, y: 0, anchor: 0, logits: [0, 0, 0, 0, 20, 4, -20] };
    const weak: Cell = { x: 1, y: 0, anchor: 1, logits: [0, 0, logit(0.27), logit(0.42), 20, 2, -20] };
    const other: Cell = { ...weak, logits: [...weak.logits.slice(0, 5), -20, 2] };
    expect(detect([weak, strong]).map(([, , , , , label]) => label)).toEqual([0]);
    expect(detect([weak, strong])[0]?.[4]).toBeCloseTo(1 / (1 + Math.exp(-4)), 6);
    expect(detect([other, strong]).map(([, , , , , label]) => label)).toEqual([0, 1]);
    expect(detect([weak, strong], { score: 0.25, iou: 1 }).length).toBe(2);
  });

  test("orders detections by score, and equal scores by row, column and anchor", () => {
    const certain = (logitOfClass: number): readonly number[] => [0, 0, -3, -3, 20, logitOfClass, -20];
    const rows = detect([
      { x: 2, y: 1, anchor: 0, logits: certain(3) },
      { x: 0, y: 1, anchor: 0, logits: certain(1) },
      { x: 2, y: 0, anchor: 0, logits: certain(3) },
      { x: 0, y: 0, anchor: 0, logits: certain(3) },
    ]);
    const centres = rows.map(([x1 = 0, y1 = 0, x2 = 0, y2 = 0]) => [
      (x1 + x2) / 16 - 0.5,
      (y1 + y2) / 16 - 0.5,
    ]);
    expect(centres.map((centre) => centre.map(Math.round))).toEqual([
      [0, 0],
      [2, 0],
      [2, 1],
      [0, 1],
    ]);
  });

  test("returns at most 300 boxes", () => {
    const shape = [20, 20, 2 * PER_BOX];
    const data = new Float32Array(20 * 20 * 2 * PER_BOX).fill(3);
    const { data: rows } = yolov5Detect.reference([{ shape, data }], attributes, { score: 0.25, iou: 1 });
    expect(rows.length).toBe(300 * 6);
    expect(rows[299 * 6 + 4]).toBeGreaterThan(0.25);
  });

  test("ignores NaN logits", () => {
    expect(detect([{ x: 0, y: 0, anchor: 0, logits: Array(PER_BOX).fill(Number.NaN) }])).toEqual([]);
  });

  test("rejects a head whose channels do not match its anchors and classes", () => {
    expect(() => yolov5Detect.infer([{ dtype: "f32", shape: [2, 3, 15] }], attributes)).toThrow(
      /2 anchors × \(5 \+ 2 classes\) = 14 channels, received 15/,
    );
  });
});
