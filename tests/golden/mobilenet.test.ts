import { describe, expect, test } from "vitest";
import { compileFile } from "../../detectors/compiler/compile-file.ts";
import type { Tensor } from "../../detectors/compiler/graph/value.ts";
import { evaluateOperator } from "../../detectors/compiler/ops/evaluate.ts";
import { findMedia } from "../support/base/materials.ts";
import { seededBytes } from "../support/base/seeded.ts";
import { type ModuleAnswer, openModule } from "../support/detectors/open-module.ts";
import { loadImage } from "../support/models/logits.ts";
import { obtainTfjsModel, readTfjsFiles } from "../support/models/obtain-tfjs-model.ts";
import { resizedTfjs } from "../support/models/resized-tfjs.ts";
import { openTfjs } from "../support/models/tfjs-peer.ts";
import { binaryenAccepts } from "../support/models/valid-wasm.ts";

const PHOTOGRAPHS = [
  ...["bus", "zidane", "dog", "horses", "giraffe", "kite", "eagle", "person", "messi", "room", "street"],
].flatMap((name) => findMedia(`images/${name}.jpg`) ?? []);
const SIZE = { width: 512, height: 512 };
const THRESHOLDS = { score: 0.25, iou: 0.45 };
const [HEAT, SIZES, BOXES] = ["tower_0/keypoints", "tower_0/wh", "tower_0/detections"] as const;

const path = await obtainTfjsModel();

describe.skipIf(path === undefined)("mobilenet equals TensorFlow.js on the same weights", () => {
  let compiled: ReturnType<typeof compileFile> | undefined;
  const compileOnce = () => {
    compiled ??= compileFile(path ?? "");
    return compiled;
  };

  test.skipIf(PHOTOGRAPHS.length !== 11)("at 512×512, eleven photographs", async () => {
    const peer = await openTfjs(await readTfjsFiles(path ?? ""), SIZE, [HEAT, SIZES, BOXES]);
    const model = await compileOnce();
    expect(model.description).toMatchObject({
      inputs: [{ shape: [SIZE.height, SIZE.width, 3] }],
      labels: { length: 80, 0: { id: 0, name: "person" }, 79: { id: 79, name: "toothbrush" } },
      source: [{ format: "tfjs", licence: "MIT" }],
    });
    expect(binaryenAccepts(model.bytes)).toBe(true);
    const detect = model.graph.nodes.at(-1);
    if (detect?.op !== "centernet_detect") throw new Error("the last node is the CenterNet head");
    const infer = await openModule(model);

    for (const photograph of PHOTOGRAPHS) {
      const image = await loadImage(photograph, SIZE);
      const [heat, sizes, boxes] = peer(image);
      if (!heat || !sizes || !boxes) throw new Error("TensorFlow.js answers with three outputs");
      const received = infer(image, THRESHOLDS);
      expectSameMaps(received, [heat, sizes], photograph);
      // What the file's own search finds, before anything is suppressed, …
      expectSameDetections(infer(image, { ...THRESHOLDS, iou: 1 }), boxes.data, photograph);
      // … and after.
      const kept = evaluateOperator("centernet_detect", [heat, sizes], detect.attributes, THRESHOLDS);
      expectSameDetections(received, kept.data, photograph);
      expect(received.detections.length, photograph).toBeGreaterThan(0);
    }
  });

  test.for([
    { width: 320, height: 320 },
    { width: 640, height: 384 },
  ])("at $width×$height, for which the file was not made", async (size) => {
    const peer = await openTfjs(resizedTfjs(await readTfjsFiles(path ?? ""), SIZE, size), size, [
      HEAT,
      SIZES,
    ]);
    const infer = await openModule(await compileFile(path ?? "", { size }));
    const photographs = await Promise.all(
      PHOTOGRAPHS.slice(0, 3).map((photograph) => loadImage(photograph, size)),
    );
    for (const image of [seededBytes(1, size.width * size.height * 3), ...photographs]) {
      expectSameMaps(infer(image, THRESHOLDS), peer(image), "the image");
    }
  });

  test.skipIf(PHOTOGRAPHS.length !== 11)("the photographs hold what one sees in them", async () => {
    const model = await compileOnce();
    const infer = await openModule(model);
    const labelsIn = async (name: string): Promise<string[]> => {
      const image = await loadImage(findMedia(`images/${name}.jpg`) ?? "", SIZE);
      return infer(image, THRESHOLDS).detections.map(
        ({ label }) => model.description.labels?.[label]?.name ?? "?",
      );
    };
    expect(await labelsIn("bus")).toEqual(expect.arrayContaining(["bus", "person"]));
    expect(await labelsIn("dog")).toEqual(expect.arrayContaining(["dog", "bicycle"]));
    expect(await labelsIn("horses")).toContain("horse");
    expect(await labelsIn("giraffe")).toContain("giraffe");
    expect(await labelsIn("street")).toContain("car");
  });
});

/**
 * Heat within 2e-3; sizes, which are up to 500 pixels, within 2e-3 of themselves: f32 itself is no better than 5e-3 pixels
 * here (TensorFlow.js against our references in f64).
 */
function expectSameMaps({ logits }: ModuleAnswer, expected: readonly Tensor[], what: string): void {
  expect(logits).toHaveLength(2);
  for (const [index, { shape, data }] of logits.entries()) {
    expect(shape).toEqual(expected[index]?.shape);
    let largest = 0;
    for (const [i, value] of data.entries()) {
      const wanted = expected[index]?.data[i] ?? Number.NaN;
      const distance = Math.abs(value - wanted) / (index === 0 ? 1 : Math.max(1, Math.abs(wanted)));
      if (!(distance <= largest)) largest = Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance;
    }
    expect(largest, what).toBeLessThan(2e-3);
  }
}

/** Rows are x1, y1, x2, y2, score, label, the highest score first. */
function expectSameDetections({ detections }: ModuleAnswer, rows: Tensor["data"], what: string): void {
  const scores = rows.filter((_, index) => index % 6 === 4);
  const count = scores.findIndex((score) => !(score > THRESHOLDS.score));
  expect(detections, what).toHaveLength(count < 0 ? scores.length : count);
  for (const [row, { box, score, label }] of detections.entries()) {
    const [x1, y1, x2, y2, expectedScore = Number.NaN, expectedLabel] = rows.subarray(6 * row, 6 * row + 6);
    expect(label, what).toBe(expectedLabel);
    expect(Math.abs(score - expectedScore), what).toBeLessThan(2e-3);
    for (const [index, edge] of [x1, y1, x2, y2].entries()) {
      expect(Math.abs((box[index] ?? Number.NaN) - (edge ?? Number.NaN)), what).toBeLessThan(0.5);
    }
  }
}
