import { describe, expect, test } from "vitest";
import { memoryRequest } from "../../../../../detectors/compiler/emit.ts";
import type { ImageSize, ImportedDetector } from "../../../../../detectors/compiler/graph/graph.ts";
import { planMemory } from "../../../../../detectors/compiler/memory/plan.ts";
import { runPasses } from "../../../../../detectors/compiler/passes/index.ts";
import { MAX_SIDE } from "../../../../../detectors/module-format.ts";
import { writeCheckpoint } from "../../../../support/models/checkpoint.ts";
import { importCheckpoint, importOnnx, importTfjs } from "../../../../support/models/import-detector.ts";
import { seededYolov5nGraph } from "../../../../support/models/seeded-yolov5n.ts";
import { type SmallCenterNet, tfjsFiles, writeCenterNet } from "../../../../support/models/tfjs-writer.ts";
import { smallYolov5 } from "../../../../support/models/yolov5-onnx.ts";
import { rejection } from "./rejection.ts";

const body: SmallCenterNet["body"] = (writer, image) => ({
  map: writer.mix("wide", writer.add("Mul", "scaled", [image, writer.number("scale", 1 / 255)]), 3, 6),
  channels: 6,
});

/** Writes a small model of each format and imports it for this input size. */
const importers: Readonly<Record<string, (size: ImageSize) => Promise<ImportedDetector>>> = {
  checkpoint: (size) => importCheckpoint(writeCheckpoint(), { name: "small", size }),
  ONNX: async (size) => importOnnx(smallYolov5(), { name: "small", size }),
  "TensorFlow.js": async (size) => {
    const { json, shards } = tfjsFiles(writeCenterNet({ height: 32, width: 32, body }));
    return importTfjs(json, shards, { name: "small", size });
  },
};

describe.each(Object.entries(importers))("the input size of a %s model", (_, importModel) => {
  test("may have sides up to the limit", async () => {
    const { graph } = await importModel({ width: MAX_SIDE, height: 64 });
    expect(graph.values.get(graph.inputs[0] ?? "")?.shape).toEqual([64, MAX_SIDE, 3]);
  });

  test("is refused above the limit, which the message names", async () => {
    for (const size of [
      { width: MAX_SIDE + 64, height: 64 },
      { width: 64, height: MAX_SIDE + 64 },
    ]) {
      const { message } = await rejection(importModel(size));
      expect(message).toMatch(new RegExp(`multiples of \\d+ up to ${MAX_SIDE}`));
    }
  });
});

test("YOLOv5x fits into 4 GiB at the largest input", async () => {
  const graph = runPasses(await seededYolov5nGraph({ width: MAX_SIDE, height: MAX_SIDE }));
  const { endAddress } = planMemory(graph, memoryRequest(graph, []));
  // Against YOLOv5n, YOLOv5x has five times the channels in every layer. It has 86.7 million weights.
  expect(5 * endAddress + 4 * 86.7e6).toBeLessThan(4 * 2 ** 30);
});
