import { describe, expect, test } from "vitest";
import type { Graph } from "../../../../../../detectors/compiler/graph/graph.ts";
import { evaluate } from "../../../../../../detectors/compiler/ops/evaluate.ts";
import { runPasses } from "../../../../../../detectors/compiler/passes/index.ts";
import { seededBytes } from "../../../../../support/base/seeded.ts";
import { importTfjs } from "../../../../../support/models/import-detector.ts";
import { openTfjs } from "../../../../../support/models/tfjs-peer.ts";
import {
  flag,
  integers,
  type SmallCenterNet,
  type TfjsWriter,
  texts,
  tfjsFiles,
  windowAttributes,
  writeCenterNet,
} from "../../../../../support/models/tfjs-writer.ts";

type Body = SmallCenterNet["body"];

/** The image scaled to 0..1, three channels. */
function scaled(writer: TfjsWriter, image: string): string {
  return writer.add("Mul", "scaled", [writer.number("scale", 1 / 255), image]);
}

/** Mixes the average of a map of any size into every pixel of the input, so windows need not divide its sides. */
function averaged(writer: TfjsWriter, image: string, map: string, channels: number) {
  const axes = writer.integers("average/axes", [1, 2]);
  const average = writer.add("Mean", "average", [map, axes], { keep_dims: flag(true) });
  const wide = writer.mix("wide", image, 3, channels);
  return { map: writer.add("Mul", "gated", [average, wide]), channels };
}

/** A convolution of 3 to 5 channels, or a depthwise one of 3. */
function convolution(
  op: "Conv2D" | "DepthwiseConv2dNative",
  kernel: [number, number],
  stride: number,
  padding: "SAME" | "VALID",
): Body {
  return (writer, image) => {
    const x = scaled(writer, image);
    const channels = op === "Conv2D" ? 5 : 3;
    const weights = writer.seeded("weights", [...kernel, 3, op === "Conv2D" ? 5 : 1]);
    const y = writer.add(op, "convolution", [x, weights], windowAttributes(stride, padding));
    return averaged(writer, x, y, channels);
  };
}

function fused(op: "_FusedConv2D" | "FusedDepthwiseConv2dNative", ...ops: string[]): Body {
  return (writer, image) => {
    const channels = op === "_FusedConv2D" ? 4 : 3;
    const weights = writer.seeded("weights", [3, 3, 3, op === "_FusedConv2D" ? 4 : 1], 2);
    const bias = writer.seeded("bias", [channels], 2);
    const attr = { ...windowAttributes(1, "SAME"), fused_ops: texts(...ops), num_args: { i: "1" } };
    return { map: writer.add(op, "convolution", [scaled(writer, image), weights, bias], attr), channels };
  };
}

function pooled(kernel: number, stride: number, padding: "SAME" | "VALID"): Body {
  return (writer, image) => {
    const x = scaled(writer, image);
    const attr = { ...windowAttributes(stride, padding), ksize: integers(1, kernel, kernel, 1) };
    return averaged(writer, x, writer.add("MaxPool", "max", [x], attr), 3);
  };
}

function resized(op: "ResizeBilinear" | "ResizeNearestNeighbor", factor: number): Body {
  return (writer, image) => {
    const weights = writer.seeded("weights", [factor, factor, 3, 4]);
    const small = writer.add(
      "Conv2D",
      "small",
      [scaled(writer, image), weights],
      windowAttributes(factor, "VALID"),
    );
    const size = writer.integers("size", [12, 8]);
    const attr = { align_corners: flag(false), half_pixel_centers: flag(false) };
    return { map: writer.add(op, "large", [small, size], attr), channels: 4 };
  };
}

function activated(op: "Relu" | "Relu6" | "Sigmoid" | "Identity"): Body {
  return (writer, image) => {
    const weights = writer.seeded("weights", [1, 1, 3, 8], 12);
    const x = writer.add("Conv2D", "wide", [scaled(writer, image), weights], windowAttributes(1, "SAME"));
    return { map: writer.add(op, "activated", [x]), channels: 8 };
  };
}

const elementwise: Body = (writer, image) => {
  const x = scaled(writer, image);
  const shifted = writer.add("Sub", "shifted", [x, writer.number("half", 0.5)]);
  const biased = writer.add("BiasAdd", "biased", [shifted, writer.seeded("bias", [3])]);
  const scale = writer.add("Mul", "per/channel", [writer.seeded("factors", [1, 1, 1, 3]), biased]);
  const sum = writer.add("Add", "sum", [scale, x]);
  return { map: writer.add("AddV2", "sums", [sum, writer.add("Mul", "squares", [x, x])]), channels: 3 };
};

const joined: Body = (writer, image) => {
  const x = scaled(writer, image);
  const axis = writer.integers("joined/axis", 3);
  const parts = [writer.mix("a", x, 3, 2), x, writer.mix("b", x, 3, 4)];
  return { map: writer.add("ConcatV2", "joined", [...parts, axis], { N: { i: "3" } }), channels: 9 };
};

function hardSwish(order: "file" | "keras" | "last"): Body {
  return (writer, image) => {
    const weights = writer.seeded("weights", [1, 1, 3, 8], 8);
    const x = writer.add("Conv2D", "wide", [scaled(writer, image), weights], windowAttributes(1, "SAME"));
    const slope = writer.number("slope", 0.1666259765625);
    const relu6 = writer.add("Relu6", "relu6", [writer.add("Add", "plus", [x, writer.number("three", 3)])]);
    const mul = (name: string, a: string, b: string): string => writer.add("Mul", name, [a, b]);
    if (order === "file") return { map: mul("swish", mul("half", slope, x), relu6), channels: 8 };
    if (order === "keras") return { map: mul("swish", x, mul("half", relu6, slope)), channels: 8 };
    return { map: mul("swish", mul("half", relu6, x), slope), channels: 8 };
  };
}

function padded(pads: number[], stride: number): Body {
  return (writer, image) => {
    const x = scaled(writer, image);
    const pad = writer.add("Pad", "pad", [x, writer.constant("pads", [4, 2], Int32Array.from(pads))]);
    const weights = writer.seeded("weights", [3, 3, 3, 5]);
    const y = writer.add("Conv2D", "convolution", [pad, weights], windowAttributes(stride, "VALID"));
    return averaged(writer, x, y, 5);
  };
}

const cases: [what: string, body: Body, height?: number, width?: number][] = [
  ...([1, 2, 3] as const).flatMap((stride) =>
    (["SAME", "VALID"] as const).flatMap((padding) =>
      (
        [
          [13, 10],
          [12, 15],
        ] as const
      ).map(([height, width]): [string, Body, number, number] => [
        `Conv2D 3×3, stride ${stride}, ${padding}, of ${width}×${height}`,
        convolution("Conv2D", [3, 3], stride, padding),
        height,
        width,
      ]),
    ),
  ),
  [
    "Conv2D of an even window, SAME: the odd pixel is at the bottom right",
    convolution("Conv2D", [4, 2], 1, "SAME"),
  ],
  ["Conv2D whose stride is larger than its window", convolution("Conv2D", [1, 1], 2, "SAME"), 9, 12],
  ["DepthwiseConv2dNative 3×3, SAME", convolution("DepthwiseConv2dNative", [3, 3], 1, "SAME")],
  [
    "DepthwiseConv2dNative 5×5, stride 2, SAME",
    convolution("DepthwiseConv2dNative", [5, 5], 2, "SAME"),
    14,
    11,
  ],
  [
    "DepthwiseConv2dNative 3×3, stride 2, VALID",
    convolution("DepthwiseConv2dNative", [3, 3], 2, "VALID"),
    14,
    11,
  ],
  ["_FusedConv2D with a bias", fused("_FusedConv2D", "BiasAdd")],
  ["_FusedConv2D with ReLU", fused("_FusedConv2D", "BiasAdd", "Relu")],
  ["_FusedConv2D with ReLU6", fused("_FusedConv2D", "BiasAdd", "Relu6")],
  ["FusedDepthwiseConv2dNative with a bias", fused("FusedDepthwiseConv2dNative", "BiasAdd")],
  ["FusedDepthwiseConv2dNative with ReLU", fused("FusedDepthwiseConv2dNative", "BiasAdd", "Relu")],
  ["FusedDepthwiseConv2dNative with ReLU6", fused("FusedDepthwiseConv2dNative", "BiasAdd", "Relu6")],
  ["MaxPool 2×2, stride 2, SAME, of odd sides", pooled(2, 2, "SAME"), 9, 11],
  ["MaxPool 3×3, stride 2, VALID", pooled(3, 2, "VALID"), 9, 12],
  ["ResizeBilinear to twice the size", resized("ResizeBilinear", 2), 12, 8],
  ["ResizeBilinear to four times the size", resized("ResizeBilinear", 4), 12, 8],
  ["ResizeNearestNeighbor to twice the size", resized("ResizeNearestNeighbor", 2), 12, 8],
  ["Relu", activated("Relu")],
  ["Relu6", activated("Relu6")],
  ["Sigmoid", activated("Sigmoid")],
  ["Identity", activated("Identity")],
  ["Sub, BiasAdd, Mul, Add and AddV2 of maps and constants", elementwise],
  ["ConcatV2", joined],
  ["hard swish as in MobileNetV3's own code", hardSwish("file")],
  ["hard swish as in Keras", hardSwish("keras")],
  ["hard swish with the factor last", hardSwish("last")],
  ["Pad in front of a convolution", padded([0, 0, 1, 2, 0, 1, 0, 0], 2), 10, 13],
];

/** Heat map and sizes by the plain references. */
function mapsOf(graph: Graph, image: Uint8Array): Float32Array[] {
  const values = evaluate(graph, image);
  const inputs = graph.nodes.at(-1)?.inputs ?? [];
  return inputs.map((name) => Float32Array.from(values.get(name)?.data ?? []));
}

describe("an imported graph computes the same as TensorFlow.js", () => {
  test.each(cases)("%s", async (_, body, height = 8, width = 6) => {
    const files = tfjsFiles(writeCenterNet({ height, width, body }));
    const { graph } = importTfjs(files.json, files.shards, { name: "small" });
    const peer = await openTfjs(files, { width, height }, ["heat", "sizes"]);
    const image = seededBytes(3, height * width * 3);
    const expected = peer(image);
    for (const stage of [graph, runPasses(graph)]) {
      const received = mapsOf(stage, image);
      for (const [index, { data }] of expected.entries()) {
        expect(received[index]).toHaveLength(data.length);
        for (const [i, value] of data.entries()) {
          expect(Math.abs((received[index]?.[i] ?? Number.NaN) - value)).toBeLessThan(1e-3);
        }
      }
    }
  });

  test("the whole tail finds the same boxes", async () => {
    const size = { height: 24, width: 16 };
    const body: Body = (writer, image) => {
      const weights = writer.seeded("weights", [3, 3, 3, 6]);
      const attr = windowAttributes(2, "SAME");
      return { map: writer.add("Conv2D", "half", [scaled(writer, image), weights], attr), channels: 6 };
    };
    const files = tfjsFiles(writeCenterNet({ ...size, body, stride: 2, candidates: 12 }));
    const model = importTfjs(files.json, files.shards, { name: "small" });
    expect(model.graph.nodes.at(-1)).toMatchObject({
      op: "centernet_detect",
      attributes: { stride: 2, candidates: 12 },
    });
    const peer = await openTfjs(files, size, ["boxes", "heat"]);
    const image = seededBytes(4, 24 * 16 * 3);
    // An overlap of 1 suppresses nothing: all twelve boxes stay.
    const values = evaluate(model.graph, image, { score: 0, iou: 1 });
    const received = values.get(model.graph.outputs[0] ?? "")?.data ?? new Float32Array();
    const [boxes] = peer(image);
    for (let i = 0; i < 12 * 6; i++) expect(received[i]).toBeCloseTo(boxes?.data[i] ?? Number.NaN, 3);
  });
});

describe("hard swish is folded into its convolution", () => {
  test.each(["file", "keras", "last"] as const)("in every order of factors (%s)", (order) => {
    const files = tfjsFiles(writeCenterNet({ height: 8, width: 6, body: hardSwish(order) }));
    const graph = runPasses(importTfjs(files.json, files.shards, { name: "small" }).graph);
    const wide = graph.nodes.find(({ op }) => op === "conv2d");
    expect(wide?.attributes).toMatchObject({ activation: { hardSwish: 0.1666259765625 } });
    expect(graph.nodes.some(({ op }) => op === "relu6" || op === "hard_swish")).toBe(false);
  });
});
