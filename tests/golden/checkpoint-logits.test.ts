import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Graph } from "../../detectors/compiler/graph/graph.ts";
import { runPasses } from "../../detectors/compiler/passes/index.ts";
import { findMedia, findModel } from "../support/base/materials.ts";
import { importCheckpoint, importOnnx } from "../support/models/import-detector.ts";
import { loadImage, openOnnxruntimeBody } from "../support/models/logits.ts";
import { expectSameLogits } from "../support/models/parity.ts";
import { seededYolov5nGraph } from "../support/models/seeded-yolov5n.ts";

const checkpoint = findModel("yolov5n.pt");
const onnx = findModel("yolov5n.onnx");
const bus = findMedia("images/bus.jpg");
/** Small, because the plain references are slow: 640×640 takes them half a minute. */
const SIZE = { width: 320, height: 192 };
/** Allows for onnxruntime's order of additions and export.py's folding in f32. */
const TOLERANCE = 1e-3;

describe("the official YOLOv5n checkpoint", () => {
  test.skipIf(!checkpoint || !onnx || !bus)(
    "gives onnxruntime's logits with the plain references",
    async () => {
      const image = await loadImage(bus ?? "", SIZE);
      const { graph } = await importCheckpoint(readFileSync(checkpoint ?? ""), {
        name: "yolov5n",
        size: SIZE,
      });
      const expected = await (await openOnnxruntimeBody(readFileSync(onnx ?? ""), SIZE))(image);
      expectSameLogits(graph, image, expected, TOLERANCE);
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
