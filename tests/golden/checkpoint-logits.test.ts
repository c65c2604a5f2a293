import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Graph } from "../../detectors/compiler/graph/graph.ts";
import { importCheckpoint } from "../../detectors/compiler/import/checkpoint/importer.ts";
import { importOnnx } from "../../detectors/compiler/import/onnx/importer.ts";
import { evaluate } from "../../detectors/compiler/ops/evaluate.ts";
import { runPasses } from "../../detectors/compiler/passes/index.ts";
import { findMedia, findModel } from "../support/base/materials.ts";
import { loadImage, openOnnxruntimeBody } from "../support/models/logits.ts";
import { seededYolov5nGraph } from "../support/models/seeded-yolov5n.ts";

const checkpoint = findModel("yolov5n.pt");
const onnx = findModel("yolov5n.onnx");
const bus = findMedia("images/bus.jpg");
const SIZE = { width: 640, height: 640 };
/** Allows for onnxruntime's order of additions and export.py's folding in f32. */
const TOLERANCE = 1e-3;

describe("the official YOLOv5n checkpoint", () => {
  test.skipIf(!checkpoint || !onnx || !bus)(
    "gives onnxruntime's logits with the plain references",
    async () => {
      const image = await loadImage(bus ?? "", SIZE);
      const { graph } = await importCheckpoint(readFileSync(checkpoint ?? ""), { name: "yolov5n" });
      const values = evaluate(graph, image);
      const expected = await (await openOnnxruntimeBody(readFileSync(onnx ?? ""), SIZE))(image);
      const heads = graph.nodes.at(-1)?.inputs ?? [];
      expect(heads).toHaveLength(3);
      for (const [scale, head] of heads.entries()) {
        const ours = values.get(head);
        const theirs = expected[scale];
        expect(ours?.shape).toEqual(theirs?.shape);
        expect(largestDifference(ours?.data ?? [], theirs?.data ?? [])).toBeLessThan(TOLERANCE);
      }
    },
  );

  test.skipIf(!checkpoint || !onnx)("is the same graph as its ONNX export after the passes", async () => {
    const fromCheckpoint = await importCheckpoint(readFileSync(checkpoint ?? ""), { name: "yolov5n" });
    const fromOnnx = importOnnx(readFileSync(onnx ?? ""), { name: "yolov5n" });
    expect(layers(runPasses(fromCheckpoint.graph))).toEqual(layers(runPasses(fromOnnx.graph)));
    expect(fromCheckpoint.labels).toEqual(fromOnnx.labels);
  });

  test.skipIf(!checkpoint)("has the same layers as the seeded YOLOv5n of other tests", async () => {
    const size = { width: 320, height: 192 };
    const real = await importCheckpoint(readFileSync(checkpoint ?? ""), { name: "yolov5n", size });
    const seeded = await seededYolov5nGraph(size);
    expect(seeded.nodes).toEqual(real.graph.nodes);
    expect(seeded.values).toEqual(real.graph.values);
  });
});

/** All nodes without names, sorted: importers may differ in names and order. */
function layers({ nodes, values }: Graph): string[] {
  return nodes
    .map(({ op, attributes, inputs, output }) => {
      const shapes = [...inputs, output].map((name) => values.get(name)?.shape.join("×"));
      return `${op} ${shapes.join(", ")} ${JSON.stringify(attributes)}`;
    })
    .sort();
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let largest = a.length === b.length ? 0 : Number.NaN;
  for (let i = 0; i < a.length; i++) {
    largest = Math.max(largest, Math.abs((a[i] ?? Number.NaN) - (b[i] ?? Number.NaN)));
  }
  return largest;
}
