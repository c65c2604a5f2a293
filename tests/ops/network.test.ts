import { describe, expect, test } from "vitest";
import { makeNode } from "../../detectors/compiler/graph/builder.ts";
import type { Graph } from "../../detectors/compiler/graph/graph.ts";
import { floats, type Tensor, type ValueType } from "../../detectors/compiler/graph/value.ts";
import { evaluate, evaluateOperator } from "../../detectors/compiler/ops/evaluate.ts";
import type { OperatorAttributes } from "../../detectors/compiler/ops/index.ts";
import { elements } from "../../detectors/compiler/ops/shapes.ts";
import { runPasses } from "../../detectors/compiler/passes/index.ts";
import { seeded, seededBytes, seededFloats } from "../support/base/seeded.ts";
import { instantiateKernels } from "../support/models/kernel-module.ts";
import { seededYolov5nGraph } from "../support/models/seeded-yolov5n.ts";
import { binaryenAccepts } from "../support/models/valid-wasm.ts";

describe("a whole YOLOv5n with seeded weights", () => {
  for (const size of [
    { width: 64, height: 64 },
    { width: 160, height: 96 },
  ]) {
    test(`${size.width}×${size.height}: the kernels after all passes equal the references before the passes`, async () => {
      const imported = await seededYolov5nGraph(size, { classes: 7 });
      const logits = imported.nodes.at(-1)?.inputs ?? [];
      const graph = runPasses(imported, undefined, logits);
      const kernels = await instantiateKernels(graph);
      expect(binaryenAccepts(kernels.bytes)).toBe(true);
      const image = seededBytes(5, size.width * size.height * 3);
      const expected = evaluate(imported, image);
      const heads = graph.nodes.at(-1)?.inputs ?? [];
      expect(heads).toHaveLength(3);
      // The second run starts with the memory of the first: borders must be cleared again.
      for (let run = 0; run < 2; run++) {
        kernels.write(graph.inputs[0] ?? "", { shape: [size.height, size.width, 3], data: image });
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

/** Compares the kernel of a detection head with its reference by rows. Returns the number of detections. */
async function compareHeads<K extends "yolov5_detect" | "yolov5_sparse_detect" | "centernet_detect">(
  op: K,
  attributes: OperatorAttributes[K],
  inputs: readonly Tensor[],
  thresholds: { readonly score: number; readonly iou: number },
  constants: readonly number[] = [],
): Promise<number> {
  const names = inputs.map((_, index) => `input ${index}`);
  const graph: Graph = {
    inputs: ["input 0"],
    outputs: ["detections"],
    states: [],
    nodes: [makeNode(op, names, "detections", attributes)],
    values: new Map<string, ValueType>([
      ...inputs.map(({ shape }, index) => [`input ${index}`, { shape, dtype: "f32" }] as const),
      ["detections", { shape: [300, 6], dtype: "f32" }],
    ]),
    constants: new Map(
      inputs.flatMap(({ shape, data }, index) =>
        constants.includes(index)
          ? [[`input ${index}`, floats(shape, Float32Array.from(data))] as const]
          : [],
      ),
    ),
  };
  const kernels = await instantiateKernels(graph);
  for (const [index, tensor] of inputs.entries()) {
    if (!constants.includes(index)) kernels.write(`input ${index}`, tensor);
  }
  const count = kernels.run(thresholds);
  const expected = evaluateOperator(op, inputs, attributes, thresholds);
  const received = kernels.read("detections").data;
  const expectedCount = expected.data.filter((_, index) => index % 6 === 4).indexOf(0);
  expect(count).toBe(expectedCount < 0 ? 300 : expectedCount);
  for (let row = 0; row < count; row++) {
    for (let column = 0; column < 5; column++) {
      const value = expected.data[6 * row + column] ?? Number.NaN;
      const digits = column === 4 ? 5 : 2;
      expect(received[6 * row + column], `row ${row}, column ${column}`).toBeCloseTo(value, digits);
    }
    expect(received[6 * row + 5]).toBe(expected.data[6 * row + 5]);
  }
  return count;
}

describe("YOLOv5's decode and non-maximum suppression equal the reference", () => {
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

  /** Logits: roughly normal noise around `mean`. */
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

  const compare = (inputs: readonly Tensor[], thresholds: { readonly score: number; readonly iou: number }) =>
    compareHeads("yolov5_detect", { scales: SCALES, classes: CLASSES }, inputs, thresholds);

  test("for an image with several objects", async () => {
    expect(await compare(logits(1, -2), { score: 0.25, iou: 0.45 })).toBeGreaterThan(3);
  });

  test("for an image without objects", async () => {
    expect(await compare(logits(2, -20), { score: 0.25, iou: 0.45 })).toBe(0);
  });

  test("with every anchor a candidate: at most 300 detections", async () => {
    expect(await compare(logits(3, 3), { score: 0.01, iou: 0.95 })).toBe(300);
  });

  test("for a sparse head, which computes logits only for anchors with an object", async () => {
    const random = (seed: number, shape: readonly number[], scale: number, mean = 0): Tensor => ({
      shape,
      data: seededFloats(seed, elements(shape), scale).map((value) => value + mean),
    });
    const inputs = SHAPES.flatMap(([height, width, channels], scale) => [
      random(10 + scale, [height, width, SCALES[scale]?.anchors.length ?? 0], 4, -2),
      random(20 + scale, [height, width, 20], 1),
      random(30 + scale, [channels, 1, 1, 20], 1),
      random(40 + scale, [channels], 1),
    ]);
    const multipliers = SHAPES.map(([, , channels], scale) =>
      scale === 0 ? undefined : new Float32Array(channels).fill(0.5),
    );
    const attributes = { scales: SCALES, classes: CLASSES, multipliers };
    const thresholds = { score: 0.25, iou: 0.45 };
    const found = await compareHeads("yolov5_sparse_detect", attributes, inputs, thresholds, [2, 3, 6, 7]);
    expect(found).toBeGreaterThan(3);
  });

  test("for equal scores, in scan order", async () => {
    const equal = SHAPES.map((shape) => ({
      shape,
      data: new Float32Array(shape[0] * shape[1] * shape[2]).fill(1),
    }));
    expect(await compare(equal, { score: 0.25, iou: 0.45 })).toBeGreaterThan(10);
  });

  test("for NaN logits, without candidates", async () => {
    const broken = SHAPES.map((shape) => ({
      shape,
      data: new Float32Array(shape[0] * shape[1] * shape[2]).fill(Number.NaN),
    }));
    expect(await compare(broken, { score: 0.25, iou: 0.45 })).toBe(0);
  });
});

describe("CenterNet's peaks and non-maximum suppression equal the reference", () => {
  const HEIGHT = 9;
  const WIDTH = 11;

  /** A heat map with about `steps` different scores, so that equal neighbours and equal peaks occur. */
  function maps(seed: number, classes: number, steps: number): Tensor[] {
    const next = seeded(seed);
    const heat = Float32Array.from(
      { length: HEIGHT * WIDTH * classes },
      () => Math.round(next() * steps) / (steps + 1),
    );
    const sizes = Float32Array.from({ length: HEIGHT * WIDTH * 4 }, () => 2 + 10 * next());
    return [
      { shape: [HEIGHT, WIDTH, classes], data: heat },
      { shape: [HEIGHT, WIDTH, 4], data: sizes },
    ];
  }

  const compare = (inputs: readonly Tensor[], candidates: number, score: number, iou: number) =>
    compareHeads("centernet_detect", { stride: 4, candidates }, inputs, { score, iou });

  test("for a map with several peaks", async () => {
    expect(await compare(maps(1, 8, 1000), 100, 0.9, 0.45)).toBeGreaterThan(3);
  });

  test("for classes that do not fill whole vectors", async () => {
    expect(await compare(maps(2, 3, 1000), 100, 0.5, 0.9)).toBeGreaterThan(3);
  });

  test("for more peaks than candidates: the highest are kept, the earliest of equals", async () => {
    expect(await compare(maps(3, 5, 4), 20, 0.1, 1)).toBe(20);
    expect(await compare(maps(4, 8, 1000), 7, 0.1, 1)).toBe(7);
  });

  test("for plateaus, where every cell is a peak", async () => {
    const [, sizes] = maps(5, 4, 10);
    const flat = { shape: [HEIGHT, WIDTH, 4], data: new Float32Array(HEIGHT * WIDTH * 4).fill(0.75) };
    expect(await compare([flat, sizes ?? flat], 50, 0.5, 0.3)).toBeGreaterThan(1);
  });

  test("for a map without peaks", async () => {
    expect(await compare(maps(6, 8, 1000), 100, 0.9999, 0.45)).toBe(0);
  });
});
