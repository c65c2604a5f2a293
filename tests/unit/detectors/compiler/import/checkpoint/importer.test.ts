import { describe, expect, test } from "vitest";
import type { Graph, ImportedDetector, Node } from "../../../../../../detectors/compiler/graph/graph.ts";
import { evaluate } from "../../../../../../detectors/compiler/ops/evaluate.ts";
import { seededBytes } from "../../../../../support/base/seeded.ts";
import {
  from,
  type SyntheticYolov5,
  withAttributes,
  writeCheckpoint,
} from "../../../../../support/models/checkpoint.ts";
import { importCheckpoint } from "../../../../../support/models/import-detector.ts";
import { call, dict, float, global, type Py } from "../../../../../support/models/pickler.ts";
import { seededYolov5nGraph } from "../../../../../support/models/seeded-yolov5n.ts";
import { torchModule, torchWriter } from "../../../../../support/models/torch-checkpoint.ts";
import { rejection } from "../rejection.ts";

const SIZE = { width: 64, height: 32 };

function importSynthetic(options: SyntheticYolov5 = {}, size = SIZE): Promise<ImportedDetector> {
  return importCheckpoint(writeCheckpoint(options), { name: "synthetic", size });
}

function detectNode(graph: Graph): Node<"yolov5_detect"> {
  const node = graph.nodes.find((node) => node.op === "yolov5_detect");
  if (!node) throw new Error("no yolov5_detect");
  return node;
}

function logits(graph: Graph): number[] {
  const values = evaluate(graph, seededBytes(5, SIZE.width * SIZE.height * 3));
  return detectNode(graph).inputs.flatMap((name) => [...(values.get(name)?.data ?? [])]);
}

describe("importing a YOLOv5 checkpoint", () => {
  test("keeps its labels, anchors in pixels, strides and number of classes", async () => {
    const anchors = [[[8, 9]], [[20, 30]], [[100, 90]]] as const;
    const model = await importSynthetic({ classes: 2, names: ["crate", "pallet"], anchors });
    expect(model.name).toBe("synthetic");
    expect(model.labels).toEqual(["crate", "pallet"]);
    expect(detectNode(model.graph).attributes).toEqual({
      classes: 2,
      scales: [
        { stride: 8, anchors: [[8, 9]] },
        { stride: 16, anchors: [[20, 30]] },
        { stride: 32, anchors: [[100, 90]] },
      ],
    });
  });

  test("reads labels from a dict, as v7.0 writes them", async () => {
    const names = new Map([
      [1, "pallet"],
      [0, "crate"],
      [2, "truck"],
    ] as const);
    const model = await importSynthetic({ classes: 3, names });
    expect(model.labels).toEqual(["crate", "pallet", "truck"]);
  });

  test("builds a graph for 640×640 by default", async () => {
    const { graph } = await importCheckpoint(writeCheckpoint(), { name: "synthetic" });
    expect(graph.values.get(graph.inputs[0] ?? "")).toEqual({ dtype: "u8", shape: [640, 640, 3] });
  });

  test("builds a graph for an input that is not square", async () => {
    const { graph } = await importSynthetic({ classes: 3 }, { width: 96, height: 32 });
    const shapes = detectNode(graph).inputs.map((name) => graph.values.get(name)?.shape);
    expect(shapes).toEqual([
      [4, 12, 24],
      [2, 6, 24],
      [1, 3, 24],
    ]);
  });

  test("derives widths and depths from the weights: YOLOv5n has 60 convolutions and 7 sums", async () => {
    const graph = await seededYolov5nGraph({ width: 64, height: 64 });
    const count = (op: Node["op"]): number => graph.nodes.filter((node) => node.op === op).length;
    expect([count("conv2d"), count("silu"), count("add"), count("max_pool2d")]).toEqual([60, 57, 7, 3]);
    expect(graph.values.get("model.9.cv2.act")?.shape).toEqual([2, 2, 256]);
    const deeper = await importSynthetic({ depths: [2, 3, 4, 2] });
    expect(deeper.graph.nodes.filter((node) => node.op === "add")).toHaveLength(2 + 3 + 4 + 2);
  });

  test("computes finite values that depend on the input", async () => {
    const { graph } = await importSynthetic();
    const values = logits(graph);
    expect(values.every(Number.isFinite)).toBe(true);
    expect(new Set(values).size).toBeGreaterThan(100);
  });

  test("prefers the averaged weights (ema) that train.py stores beside the model", async () => {
    const { graph } = await importSynthetic({ key: "ema", seed: 9 });
    const expected = await importSynthetic({ key: "model", seed: 9 });
    expect(logits(graph)).toEqual(logits(expected.graph));
  });

  test("ignores what train.py stores beside the model: options with paths, results as numpy scalars", async () => {
    const training = {
      opt: dict({
        save_dir: call("pathlib.WindowsPath", "runs", "train", "exp"),
        hyp: dict({ lr0: float(0.01) }),
      }),
      best_fitness: call(
        "numpy.core.multiarray.scalar",
        call("numpy.dtype", "f8", false, true),
        call("_codecs.encode", "\u0000\u0000\u0000\u0000\u0000\u0000\u00e0?", "latin1"),
      ),
    };
    const model = await importSynthetic({ training });
    expect(model.labels).toHaveLength(3);
  });

  test("reads weights in half precision", async () => {
    const half = logits((await importSynthetic({ dtype: "float16" })).graph);
    const full = logits((await importSynthetic({ dtype: "float32" })).graph);
    const largest = Math.max(...half.map((value, i) => Math.abs(value - (full[i] ?? NaN))));
    expect(largest).toBeGreaterThan(0);
    expect(largest).toBeLessThan(0.05);
  });

  test("reads a fused checkpoint, in which forward is a bound method", async () => {
    const boundForward = (index: number, layer: Py): Py =>
      index === 0
        ? withAttributes(layer, {
            forward: call("builtins.getattr", torchModule("models.common.Conv"), "forward_fuse"),
          })
        : layer;
    const { graph } = await importSynthetic({ fused: true, editLayer: boundForward });
    const unfused = await importSynthetic();
    expect(graph.nodes.map((node) => node.op)).toEqual(unfused.graph.nodes.map((node) => node.op));
    expect(logits(graph).every(Number.isFinite)).toBe(true);
  });

  test("reads the layers of v5: Focus as one convolution of the image, and SPP", async () => {
    const { graph } = await importSynthetic({ generation: "v5" });
    const stem = graph.nodes.find((node) => node.op === "conv2d");
    expect(graph.values.get(stem?.inputs[1] ?? "")?.shape).toEqual([4, 6, 6, 3]);
    const pools = graph.nodes.filter((node) => node.op === "max_pool2d").map((node) => node.attributes);
    expect(pools).toMatchObject([{ kernel: 5 }, { kernel: 9 }, { kernel: 13 }]);
  });

  test("reads four scales", async () => {
    const { graph } = await importSynthetic(
      {
        network: ({ conv, detect }) => [
          from(-1, conv(3, 4, 6, 2, 2)),
          from(-1, conv(4, 4, 3, 2)),
          from(-1, conv(4, 4, 3, 2)),
          from(-1, conv(4, 6, 3, 2)),
          from(-1, conv(6, 8, 3, 2)),
          from(-1, conv(8, 10, 3, 2)),
          from([2, 3, 4, 5], detect([4, 6, 8, 10], 3, [[[1, 1]], [[2, 2]], [[3, 3]], [[4, 4]]])),
        ],
      },
      { width: 128, height: 64 },
    );
    const { scales } = detectNode(graph).attributes;
    expect(scales.map(({ stride }) => stride)).toEqual([8, 16, 32, 64]);
    expect(scales.map(({ anchors }) => anchors)).toEqual([[[1, 1]], [[2, 2]], [[3, 3]], [[4, 4]]]);
  });
});

describe("a checkpoint that cannot be compiled", () => {
  test("lists every layer and activation that is not supported, with its places", async () => {
    const editLayer = (index: number, layer: Py): Py =>
      index === 9
        ? from(-1, torchModule("models.common.C3TR", { modules: { cv1: torchModule("models.common.X") } }))
        : layer;
    const error = await rejection(
      importSynthetic({ activation: "torch.nn.modules.activation.Hardswish", editLayer }),
    );
    expect(error.message).toContain(
      'torch.nn.modules.activation.Hardswish: 49 layers, "model.0.act", "model.1.act", "model.2.cv1.act"',
    );
    expect(error.message).toMatch(/and \d+ more/);
    expect(error.message).toContain('models.common.C3TR: 1 layer, "model.9"');
    expect(error.remedy).toContain("SiLU");
  });

  test.each([
    ["with 4 groups", { groups: 4 }],
    ["with dilation 2×2", { dilation: [2, 2] }],
    ["with stride 1×2", { stride: [1, 2] }],
    ["with padding mode reflect", { padding_mode: "reflect" }],
    ['with padding "same"', { padding: "same" }],
  ])("reports a convolution %s as not supported", async (what, attributes) => {
    const error = await rejection(
      importSynthetic({
        network: ({ conv2d, detect }) => [
          from(-1, withAttributes(conv2d(3, 4, 3, 8, 1), attributes)),
          from([0], detect([4], 3, [[[8, 8]]])),
        ],
      }),
    );
    expect(error.message).toContain(`Conv2d ${what}: 1 layer, "model.0`);
  });

  test("requires a size that is a multiple of its largest stride", async () => {
    const error = await rejection(importSynthetic({}, { width: 640, height: 360 }));
    expect(error.message).toContain("640x360");
    expect(error.message).toContain("multiples of 32");
  });

  test.each<[string, RegExp, SyntheticYolov5]>([
    ["as many labels as classes", /names.*expected 3 labels.*received 1/, { classes: 3, names: ["a"] }],
    ["labels that are strings", /expected a string for class 1/, { classes: 3, names: ["a", null, "c"] }],
    [
      "Detect at its end",
      /ends in models.common.Concat/,
      {
        editLayer: (i, layer) =>
          i === 24 ? from(-1, torchModule("models.common.Concat", { attributes: { d: 1 } })) : layer,
      },
    ],
    [
      "strides",
      /lacks its strides/,
      { editLayer: (i, layer) => (i === 24 ? withAttributes(layer, { stride: null }) : layer) },
    ],
    [
      "layers that use preceding layers only",
      /model\.1 .*layer 7/,
      { editLayer: (i, layer) => (i === 1 ? withAttributes(layer, { f: 7 }) : layer) },
    ],
    [
      "layers that fit together",
      /do not fit together/,
      { editLayer: (i, layer) => (i === 4 ? withAttributes(layer, { f: 0 }) : layer) },
    ],
    [
      "a head for its number of classes",
      /do not fit together.*channels/,
      {
        editLayer: (i, layer) => (i === 24 ? withAttributes(layer, { nc: 80 }) : layer),
        names: Array.from({ length: 80 }, String),
      },
    ],
  ])("must have %s", async (_what, message, options) => {
    const error = await rejection(importSynthetic(options));
    expect(error.message).toMatch(message);
  });

  test("must contain a model, not only weights", async () => {
    const writer = torchWriter();
    const weights = writer.tensor(new Float32Array(4), [4]);
    const error = await rejection(
      importCheckpoint(writer.save(dict({ "model.0.conv.weight": weights })), { name: "x" }),
    );
    expect(error.message).toContain("only weights");
    expect(error.remedy).toContain("train.py");
  });

  test("must be a YOLOv5: classes of another family are foreign", async () => {
    const error = await rejection(
      importSynthetic({ modelAttributes: { head: global("ultralytics.nn.modules.head.Detect") } }),
    );
    expect(error.message).toContain("ultralytics.nn.modules.head.Detect");
  });
});
