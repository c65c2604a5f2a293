import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { runPasses } from "../../detectors/compiler/passes/index.ts";
import { findModel } from "../support/base/materials.ts";
import { seededBytes } from "../support/base/seeded.ts";
import { importOnnx } from "../support/models/import-detector.ts";
import { openOnnxruntimeBody } from "../support/models/logits.ts";
import { expectSameLogits } from "../support/models/parity.ts";
import { yolov5nHead } from "../support/models/yolov5-layers.ts";

const path = findModel("yolov5n.onnx");
/** Small enough for the plain references, and not square. */
const size = { width: 96, height: 64 };

describe.skipIf(path === undefined)("YOLOv5n imported from ONNX", () => {
  // Vitest runs this function even when it skips the tests.
  const bytes = path === undefined ? new Uint8Array() : readFileSync(path);

  test("has COCO's labels, 60 convolutions and three scales", () => {
    const model = importOnnx(bytes, { name: "yolov5n" });
    expect(model.labels.length).toBe(80);
    expect(model.labels.slice(0, 3)).toEqual(["person", "bicycle", "car"]);
    const graph = runPasses(model.graph, undefined, model.graph.nodes.at(-1)?.inputs);
    expect(graph.values.get(graph.inputs[0] ?? "")?.shape).toEqual([640, 640, 3]);
    expect(graph.nodes.filter(({ op }) => op === "conv2d").length).toBe(60);
    expect(new Set(graph.nodes.map(({ op }) => op))).toEqual(
      new Set(["space_to_depth", "conv2d", "max_pool2d", "upsample", "concat", "yolov5_detect"]),
    );
    const detect = graph.nodes.at(-1);
    expect(detect?.op === "yolov5_detect" && detect.attributes).toEqual(yolov5nHead(80));
  });

  test("gives onnxruntime's logits before and after the passes", async () => {
    const image = seededBytes(5, size.width * size.height * 3);
    const expected = await (await openOnnxruntimeBody(bytes, size))(image);
    const { graph } = importOnnx(bytes, { name: "yolov5n", size });
    for (const stage of [graph, runPasses(graph, undefined, graph.nodes.at(-1)?.inputs)])
      expectSameLogits(stage, image, expected, 1e-3);
  });

  test("lists the sizes that fit when another is requested", () => {
    expect(() => importOnnx(bytes, { name: "yolov5n", size: { width: 300, height: 320 } })).toThrow(
      /300x320.*multiples of 32/,
    );
  });
});
