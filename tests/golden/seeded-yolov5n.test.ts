/** A YOLOv5n with seeded weights against onnxruntime. It needs no downloaded material, so it is never skipped. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CompiledModel } from "../../detectors/compiler/compile.ts";
import { type CompileFileOptions, compileFile } from "../../detectors/compiler/compile-file.ts";
import type { Tensor } from "../../detectors/compiler/graph/value.ts";
import { evaluateOperator } from "../../detectors/compiler/ops/evaluate.ts";
import { seededBytes } from "../support/base/seeded.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/base/temporary-folder.ts";
import { type ModuleAnswer, openModule } from "../support/detectors/open-module.ts";
import { openOnnxruntimeBody } from "../support/models/logits.ts";
import { areSame, detectionsInRows, largestDifference } from "../support/models/parity.ts";
import { seededYolov5nCheckpoint } from "../support/models/seeded-yolov5n.ts";
import { yolov5nHead } from "../support/models/yolov5-layers.ts";
import { seededYolov5nOnnx } from "../support/models/yolov5n-onnx.ts";

type Detections = ModuleAnswer["detections"];

const SIZE = { width: 160, height: 96 };
const NETWORK = { classes: 80, seed: 1 };
const THRESHOLDS = { score: 0.25, iou: 0.45 };
/** Detections with a lower score may fall below the threshold in i16. */
const SURE_SCORE = 0.35;
/** Largest difference of an i16 logit; logits reach 5, and the largest measured difference is 0.0042. */
const I16_TOLERANCE = 0.01;
const HEAD = yolov5nHead(NETWORK.classes);
const images = [1, 2, 3].map((seed) => seededBytes(seed, SIZE.width * SIZE.height * 3));

let folder: TemporaryFolder;
/** For each image the logits of onnxruntime, one map per scale, and the detections that the reference decodes from them. */
let expected: readonly { readonly logits: readonly Tensor[]; readonly detections: Detections }[];

beforeAll(async () => {
  folder = await temporaryFolder();
  const onnx = seededYolov5nOnnx({ ...SIZE, ...NETWORK });
  await writeFile(join(folder.path, "seeded.onnx"), onnx);
  await writeFile(join(folder.path, "seeded.pt"), seededYolov5nCheckpoint(NETWORK));
  const onnxruntime = await openOnnxruntimeBody(onnx, SIZE);
  const outputs = await Promise.all(images.map(onnxruntime));
  expected = outputs.map((logits) => {
    const { data } = evaluateOperator("yolov5_detect", logits, HEAD, THRESHOLDS);
    return { logits, detections: detectionsInRows(data) };
  });
});
afterAll(() => folder[Symbol.asyncDispose]());

const compileSeeded = (file: string, options: CompileFileOptions) =>
  compileFile(join(folder.path, file), { size: SIZE, ...options });

async function answersOf(model: CompiledModel) {
  const infer = await openModule(model);
  return images.map((image) => infer(image, THRESHOLDS));
}

describe.each(["seeded.onnx", "seeded.pt"])("%s", (file) => {
  test("in f32 has the logits and detections of onnxruntime", async () => {
    const answers = await answersOf(await compileSeeded(file, { keepLogits: true }));
    for (const [index, { logits, detections }] of answers.entries()) {
      const onnxruntime = expected[index];
      expect(logits).toHaveLength(3);
      for (const [scale, map] of logits.entries())
        expect(largestDifference(map, onnxruntime?.logits[scale])).toBeLessThan(1e-3);
      expect(detections.length).toBeGreaterThan(100);
      expect(detections).toHaveLength(onnxruntime?.detections.length ?? 0);
      expect(missing(detections, onnxruntime?.detections)).toEqual([]);
      expect(missing(onnxruntime?.detections, detections)).toEqual([]);
    }
  });

  test("in i16 has the logits and the sure detections of onnxruntime", async () => {
    const model = await compileSeeded(file, { precision: "i16", keepLogits: true });
    expect(model.description.precision).toBe("i16");
    for (const [index, { logits, detections }] of (await answersOf(model)).entries()) {
      const onnxruntime = expected[index];
      for (const [scale, map] of logits.entries())
        expect(largestDifference(map, onnxruntime?.logits[scale])).toBeLessThan(I16_TOLERANCE);
      expect(missing(sure(detections), onnxruntime?.detections)).toEqual([]);
      expect(missing(sure(onnxruntime?.detections), detections)).toEqual([]);
    }
  });

  test.each(["f32", "i16"] as const)("in %s detects the same without stored logits", async (precision) => {
    const [dense, sparse] = await Promise.all(
      [true, false].map(async (keepLogits) =>
        answersOf(await compileSeeded(file, { precision, keepLogits })),
      ),
    );
    expect(sparse?.map(({ detections }) => detections)).toEqual(dense?.map(({ detections }) => detections));
  });
});

function sure(detections: Detections = []): Detections {
  const found = detections.filter(({ score }) => score >= SURE_SCORE);
  expect(found.length).toBeGreaterThan(10);
  return found;
}

/** The detections without a counterpart. Their order is not compared: nearly equal scores may swap places. */
function missing(detections: Detections = [], others: Detections = []): Detections {
  return detections.filter((detection) => !others.some((other) => areSame(detection, other)));
}
