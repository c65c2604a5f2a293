import { describe, expect, test } from "vitest";
import { makeNode } from "../../detectors/compiler/graph/builder.ts";
import type { Graph, ValueType } from "../../detectors/compiler/graph/graph.ts";
import { evaluate, evaluateOperator } from "../../detectors/compiler/ops/evaluate.ts";
import type { Tensor } from "../../detectors/compiler/ops/operator.ts";
import { runPasses } from "../../detectors/compiler/passes/index.ts";
import { instantiateKernels } from "../support/kernel-module.ts";
import { seeded, seededBytes } from "../support/seeded.ts";
import { seededYolov5nGraph } from "../support/seeded-yolov5n.ts";
import { binaryenAccepts } from "../support/valid-wasm.ts";

describe("a whole YOLOv5n with seeded weights", () => {
  for (const size of [
    { width: 64, height: 64 },
    { width: 160, height: 96 },
  ]) {
    test(`${size.width}×${size.height}: the kernels after all passes equal the references before any`, async () => {
      const imported = await seededYolov5nGraph(size, { classes: 7 });
      const graph = runPasses(imported);
      const kernels = await instantiateKernels(graph);
      expect(binaryenAccepts(kernels.bytes)).toBe(true);
      const picture = seededBytes(5, size.width * size.height * 3);
      const expected = evaluate(imported, picture);
      const heads = graph.nodes.at(-1)?.inputs ?? [];
      expect(heads).toHaveLength(3);
      // The second run meets memory that the first one has used: borders must be cleared anew.
      for (let run = 0; run < 2; run++) {
        kernels.write(graph.input, { shape: [size.height, size.width, 3], data: picture });
        kernels.run();
        for (const head of heads) {
          const reference = expected.get(head);
          const received = kernels.read(head);
          expect(received.shape).toEqual(reference?.shape);
          let worst = 0;
          for (const [index, value] of received.data.entries()) {
            worst = Math.max(worst, Math.abs(value - (reference?.data[index] ?? Number.NaN)));
          }
          expect(worst).toBeLessThan(1e-3);
        }
      }
    });
  }
});

describe("decode and non-maximum suppression equal the reference", () => {
  const CLASSES = 3;
  const SCALES = [
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
      ],
    },
  ] as const;
  const SHAPES = [
    [12, 10, 3 * (5 + CLASSES)],
    [6, 5, 2 * (5 + CLASSES)],
  ] as const;

  /** Logits: normal-ish noise around `mean`. */
  function logits(seed: number, mean: number): Tensor[] {
    const next = seeded(seed);
    return SHAPES.map((shape) => ({
      shape,
      data: Float32Array.from(
        { length: shape[0] * shape[1] * shape[2] },
        () => mean + 4 * (next() + next() + next() - 1.5),
      ),
    }));
  }

  async function compare(
    inputs: readonly Tensor[],
    thresholds: { readonly score: number; readonly iou: number },
  ): Promise<number> {
    const attributes = { scales: SCALES, classes: CLASSES };
    const names = SHAPES.map((_, index) => `logits ${index}`);
    const graph: Graph = {
      input: "logits 0",
      output: "detections",
      nodes: [makeNode("yolov5_detect", names, "detections", attributes)],
      values: new Map<string, ValueType>([
        ...SHAPES.map((shape, index) => [`logits ${index}`, { shape, dtype: "f32" }] as const),
        ["detections", { shape: [300, 6], dtype: "f32" }],
      ]),
      constants: new Map(),
    };
    const kernels = await instantiateKernels(graph);
    for (const [index, tensor] of inputs.entries()) kernels.write(`logits ${index}`, tensor);
    const count = kernels.run(thresholds);
    const expected = evaluateOperator("yolov5_detect", inputs, attributes, thresholds);
    const received = kernels.read("detections").data;
    const labels = new Int32Array(Float32Array.from(received).buffer);
    const expectedCount = expected.data.filter((_, index) => index % 6 === 4).indexOf(0);
    expect(count).toBe(expectedCount < 0 ? 300 : expectedCount);
    for (let row = 0; row < count; row++) {
      for (let column = 0; column < 5; column++) {
        const value = expected.data[6 * row + column] ?? Number.NaN;
        expect(received[6 * row + column], `row ${row}, column ${column}`).toBeCloseTo(
          value,
          column === 4 ? 5 : 2,
        );
      }
      expect(labels[6 * row + 5]).toBe(expected.data[6 * row + 5]);
    }
    return count;
  }

  test("for a picture with some objects", async () => {
    expect(await compare(logits(1, -2), { score: 0.25, iou: 0.45 })).toBeGreaterThan(3);
  });

  test("for one with none", async () => {
    expect(await compare(logits(2, -20), { score: 0.25, iou: 0.45 })).toBe(0);
  });

  test("when every anchor is a candidate: no more than 300 detections come", async () => {
    expect(await compare(logits(3, 3), { score: 0.01, iou: 0.95 })).toBe(300);
  });

  test("when all scores are equal, the earliest candidate comes first", async () => {
    const equal = SHAPES.map((shape) => ({
      shape,
      data: new Float32Array(shape[0] * shape[1] * shape[2]).fill(1),
    }));
    expect(await compare(equal, { score: 0.25, iou: 0.45 })).toBeGreaterThan(10);
  });

  test("NaN logits make no candidates", async () => {
    const broken = SHAPES.map((shape) => ({
      shape,
      data: new Float32Array(shape[0] * shape[1] * shape[2]).fill(Number.NaN),
    }));
    expect(await compare(broken, { score: 0.25, iou: 0.45 })).toBe(0);
  });
});
