import { readFileSync } from "node:fs";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { importOnnx } from "../../detectors/compiler/import/onnx/importer.ts";
import { evaluate } from "../../detectors/compiler/ops/evaluate.ts";
import { runPasses } from "../../detectors/compiler/passes/index.ts";
import { findModel } from "../support/base/materials.ts";
import { seededBytes } from "../support/base/seeded.ts";
import { headConvolutionOutputs, withInputSize } from "../support/models/onnx-outputs.ts";

const path = findModel("yolov5n.onnx");
/** Small enough for the plain references, and not square. */
const size = { width: 96, height: 64 };

/** [1, channels, height, width] as [height, width, channels]. */
function toNhwc(data: Float32Array, channels: number): Float32Array {
  const pixels = data.length / channels;
  return data.map((_, i) => data[(i % channels) * pixels + Math.floor(i / channels)] ?? 0);
}

describe.skipIf(path === undefined)("YOLOv5n imported from ONNX", () => {
  // Vitest runs this function even when it skips the tests.
  const bytes = path === undefined ? new Uint8Array() : readFileSync(path);

  test("has COCO's labels, 60 convolutions and three scales", () => {
    const model = importOnnx(bytes, { name: "yolov5n" });
    expect(model.labels.length).toBe(80);
    expect(model.labels.slice(0, 3)).toEqual(["person", "bicycle", "car"]);
    const graph = runPasses(model.graph, undefined, model.graph.nodes.at(-1)?.inputs);
    expect(graph.values.get(graph.input)?.shape).toEqual([640, 640, 3]);
    expect(graph.nodes.filter(({ op }) => op === "conv2d").length).toBe(60);
    expect(new Set(graph.nodes.map(({ op }) => op))).toEqual(
      new Set(["space_to_depth", "conv2d", "max_pool2d", "upsample", "concat", "yolov5_detect"]),
    );
    const detect = graph.nodes.at(-1);
    expect(detect?.op === "yolov5_detect" && detect.attributes).toEqual({
      classes: 80,
      scales: [
        {
          stride: 8,
          anchors: [
            [10, 13],
            [16, 30],
            [33, 23],
          ],
        },
        {
          stride: 16,
          anchors: [
            [30, 61],
            [62, 45],
            [59, 119],
          ],
        },
        {
          stride: 32,
          anchors: [
            [116, 90],
            [156, 198],
            [373, 326],
          ],
        },
      ],
    });
  });

  test("gives onnxruntime's logits before and after the passes", async () => {
    const image = seededBytes(5, size.width * size.height * 3);
    const session = await InferenceSession.create(withInputSize(bytes, size));
    const planes = new Float32Array(image.length);
    const pixels = size.width * size.height;
    for (let i = 0; i < image.length; i++) {
      planes[(i % 3) * pixels + Math.floor(i / 3)] = (image[i] ?? 0) / 255;
    }
    const expected = await session.run({
      images: new Tensor("float32", planes, [1, 3, size.height, size.width]),
    });

    const { graph } = importOnnx(bytes, { name: "yolov5n", size });
    for (const stage of [graph, runPasses(graph, undefined, graph.nodes.at(-1)?.inputs)]) {
      const values = evaluate(stage, image);
      const logits = stage.nodes.at(-1)?.inputs ?? [];
      headConvolutionOutputs(bytes).forEach((name, scale) => {
        const output = expected[name];
        if (!(output?.data instanceof Float32Array))
          throw new Error(`onnxruntime returned no floats for ${name}`);
        const wanted = toNhwc(output.data, 255);
        const got = values.get(logits[scale] ?? "")?.data ?? new Float32Array();
        expect(got.length).toBe(wanted.length);
        expect(Math.max(...wanted.map((value, i) => Math.abs(value - (got[i] ?? Number.NaN))))).toBeLessThan(
          1e-3,
        );
      });
    }
  });

  test("lists the sizes that fit when another is requested", () => {
    expect(() => importOnnx(bytes, { name: "yolov5n", size: { width: 300, height: 320 } })).toThrow(
      /300x320.*multiples of 32/,
    );
  });
});
