import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { compileFile } from "../../detectors/compiler/compile-file.ts";
import { evaluateOperator } from "../../detectors/compiler/ops/evaluate.ts";
import { findMedia, findModel } from "../support/base/materials.ts";
import { openModule } from "../support/detectors/open-module.ts";
import { loadImage, openOnnxruntimeBody } from "../support/models/logits.ts";
import { largestDifference } from "../support/models/parity.ts";
import { binaryenAccepts } from "../support/models/valid-wasm.ts";

const PHOTOGRAPHS = [
  "bus",
  "zidane",
  "dog",
  "horses",
  "giraffe",
  "kite",
  "eagle",
  "person",
  "messi",
  "room",
  "street",
];
const SIZES = [
  { width: 640, height: 640 },
  { width: 320, height: 320 },
  { width: 640, height: 384 },
];
const THRESHOLDS = { score: 0.25, iou: 0.45 };

const onnxPath = findModel("yolov5n.onnx");
const checkpointPath = findModel("yolov5n.pt");
const photographs = PHOTOGRAPHS.flatMap((name) => findMedia(`images/${name}.jpg`) ?? []);
const isMaterialHere =
  onnxPath !== undefined && checkpointPath !== undefined && photographs.length === PHOTOGRAPHS.length;

describe.skipIf(!isMaterialHere)("YOLOv5n equals onnxruntime on the same weights", () => {
  for (const size of SIZES) {
    for (const path of [checkpointPath, onnxPath]) {
      test(`${path?.split(".").at(-1)} at ${size.width}×${size.height}, eleven photographs`, async () => {
        const onnxruntime = await openOnnxruntimeBody(readFileSync(onnxPath ?? ""), size);
        const model = await compileFile(path ?? "", { size, keepLogits: true });
        expect(model.bytes.length).toBeLessThanOrEqual(8_000_000);
        expect(binaryenAccepts(model.bytes)).toBe(true);
        const detect = model.graph.nodes.at(-1);
        if (detect?.op !== "yolov5_detect") throw new Error("the last node is the Detect head");
        const infer = await openModule(model);

        for (const photograph of photographs) {
          const image = await loadImage(photograph, size);
          const expected = await onnxruntime(image);
          const received = infer(image, THRESHOLDS);
          for (const [scale, logits] of received.logits.entries()) {
            expect(largestDifference(logits, expected[scale]), photograph).toBeLessThan(1e-3);
          }
          const rows = evaluateOperator("yolov5_detect", expected, detect.attributes, THRESHOLDS).data;
          const count = rows.filter((_, index) => index % 6 === 4).indexOf(0);
          expect(received.detections, photograph).toHaveLength(count);
          for (const [row, { box, score, label }] of received.detections.entries()) {
            const [x1, y1, x2, y2, expectedScore = 0, expectedLabel] = rows.subarray(6 * row, 6 * row + 6);
            expect(label).toBe(expectedLabel);
            expect(Math.abs(score - expectedScore)).toBeLessThan(0.002);
            for (const [index, edge] of [x1, y1, x2, y2].entries()) {
              expect(Math.abs((box[index] ?? Number.NaN) - (edge ?? Number.NaN))).toBeLessThan(0.5);
            }
          }
        }
      });
    }
  }

  test("the module that works logits out only where objects are answers with the same bits", async () => {
    const size = { width: 640, height: 384 };
    const whole = await openModule(await compileFile(checkpointPath ?? "", { size, keepLogits: true }));
    const sparse = await openModule(await compileFile(checkpointPath ?? "", { size }));
    for (const photograph of photographs) {
      const image = await loadImage(photograph, size);
      for (const thresholds of [THRESHOLDS, { score: 0.01, iou: 0.6 }]) {
        const expected = whole(image, thresholds).detections;
        expect(expected.length).toBeGreaterThan(0);
        expect(sparse(image, thresholds).detections).toEqual(expected);
      }
    }
  });

  test("the photographs hold what one sees in them", async () => {
    const size = { width: 640, height: 640 };
    const model = await compileFile(checkpointPath ?? "", { size });
    const infer = await openModule(model);
    const labelsIn = async (name: string): Promise<string[]> => {
      const image = await loadImage(findMedia(`images/${name}.jpg`) ?? "", size);
      return infer(image, THRESHOLDS).detections.map(
        ({ label }) => model.description.labels?.[label]?.name ?? "?",
      );
    };
    expect(await labelsIn("bus")).toEqual(expect.arrayContaining(["bus", "person"]));
    expect(await labelsIn("dog")).toContain("dog");
    expect(await labelsIn("horses")).toContain("horse");
    expect(await labelsIn("giraffe")).toContain("giraffe");
    expect(await labelsIn("eagle")).toContain("bird");
  });
});
