import { expect } from "vitest";
import type { Graph } from "../../../detectors/compiler/graph/graph.ts";
import type { Tensor } from "../../../detectors/compiler/graph/value.ts";
import { evaluate } from "../../../detectors/compiler/ops/evaluate.ts";
import type { ModuleAnswer } from "../detectors/open-module.ts";

type Detections = ModuleAnswer["detections"];

const SCORE_TOLERANCE = 0.002;
/** Pixels. */
const EDGE_TOLERANCE = 0.5;

/** The largest difference between two feature maps of the same shape. NaN counts as infinitely different. */
export function largestDifference(received: Tensor, expected: Tensor | undefined): number {
  expect(received.shape).toEqual(expected?.shape);
  let largest = 0;
  for (const [index, value] of received.data.entries()) {
    const difference = Math.abs(value - (expected?.data[index] ?? Number.NaN));
    largest = Math.max(largest, Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference);
  }
  return largest;
}

/** Expects of the graph of a YOLOv5, evaluated on an image, the logits of onnxruntime: one map per scale. */
export function expectSameLogits(
  graph: Graph,
  image: Uint8Array,
  expected: readonly Tensor[],
  tolerance: number,
): void {
  const values = evaluate(graph, image);
  const received = graph.nodes.at(-1)?.inputs.map((name) => values.get(name));
  expect(received).toHaveLength(3);
  for (const [scale, map] of received?.entries() ?? []) {
    if (map === undefined) throw new Error(`the graph has no logits of scale ${scale}`);
    expect(largestDifference(map, expected[scale])).toBeLessThan(tolerance);
  }
}

/** Whether two detections have the same label, scores within 0.002 and edges within half a pixel. */
export function areSame(a: Detections[number], b: Detections[number]): boolean {
  return (
    a.label === b.label &&
    Math.abs(a.score - b.score) < SCORE_TOLERANCE &&
    a.box.every((edge, index) => Math.abs(edge - (b.box[index] ?? Number.NaN)) < EDGE_TOLERANCE)
  );
}

/** The detections in the rows (x1, y1, x2, y2, score, label) of a reference. A row with score 0 ends them. */
export function detectionsInRows(rows: Tensor["data"]): Detections {
  const detections = Array.from({ length: rows.length / 6 }, (_, row) => {
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0, score = 0, label = 0] = rows.subarray(6 * row, 6 * row + 6);
    return { box: [x1, y1, x2, y2], score, label };
  });
  const end = detections.findIndex(({ score }) => score === 0);
  return end === -1 ? detections : detections.slice(0, end);
}
