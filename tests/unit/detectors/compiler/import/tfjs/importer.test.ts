import { describe, expect, test } from "vitest";
import type { DetectorOptions } from "../../../../../../detectors/compiler/import/importer.ts";
import { evaluate } from "../../../../../../detectors/compiler/ops/evaluate.ts";
import { ModelError } from "../../../../../../detectors/errors.ts";
import { seededBytes } from "../../../../../support/base/seeded.ts";
import { importTfjs } from "../../../../../support/models/import-detector.ts";
import { openTfjs } from "../../../../../support/models/tfjs-peer.ts";
import {
  flag,
  integers,
  type SmallCenterNet,
  TfjsWriter,
  tfjsFiles,
  type WrittenModel,
  windowAttributes,
  writeCenterNet,
} from "../../../../../support/models/tfjs-writer.ts";

/** A map of a quarter of the input's size, enlarged and joined with one of half the size: sizes must be multiples of 4. */
const pyramid: SmallCenterNet["body"] = (writer, image) => {
  const x = writer.add("Mul", "scaled", [image, writer.number("scale", 1 / 255)]);
  const shrink = (name: string, from: string, inputs: number): string =>
    writer.add(
      "Conv2D",
      name,
      [from, writer.seeded(`${name}/weights`, [3, 3, inputs, 4])],
      windowAttributes(2, "SAME"),
    );
  const half = shrink("half", x, 3);
  const quarter = shrink("quarter", half, 4);
  const attr = { align_corners: flag(false), half_pixel_centers: flag(false) };
  const large = writer.add(
    "ResizeBilinear",
    "large",
    [quarter, writer.integers("large/size", [8, 12])],
    attr,
  );
  const joined = writer.add("ConcatV2", "joined", [half, large, writer.integers("joined/axis", -1)]);
  return { map: joined, channels: 8 };
};
const small: SmallCenterNet = { height: 16, width: 24, stride: 2, body: pyramid };

type Written = ReturnType<typeof writeCenterNet>;

function imported(written: Written, options: Partial<DetectorOptions> = {}) {
  const { json, shards } = tfjsFiles(written);
  return importTfjs(json, shards, { name: "small", ...options });
}

function refusal(written: Written, options: Partial<DetectorOptions> = {}): ModelError {
  try {
    imported(written, options);
  } catch (error) {
    if (error instanceof ModelError) return error;
    throw error;
  }
  throw new Error("expected a ModelError");
}

/** The model with its nodes changed. */
function edited(edit: (nodes: WrittenModel["modelTopology"]["node"]) => void, options = small): Written {
  const written = writeCenterNet(options);
  edit(written.model.modelTopology.node);
  return written;
}

describe("a TensorFlow.js CenterNet", () => {
  test("is read with its input size, stride, candidates and labels", () => {
    const { graph, labels, name } = imported(writeCenterNet(small));
    expect(name).toBe("small");
    expect(graph.values.get(graph.inputs[0] ?? "")).toEqual({ dtype: "u8", shape: [16, 24, 3] });
    expect(graph.nodes[0]).toMatchObject({ op: "normalize", attributes: { scale: 1 } });
    expect(graph.nodes.at(-1)).toMatchObject({ attributes: { stride: 2, candidates: 10 } });
    expect(labels).toEqual(["class0", "class1", "class2"]);
  });

  test("has COCO's labels for 80 classes", () => {
    const { labels } = imported(writeCenterNet({ ...small, classes: 80 }));
    expect([labels.length, labels[0], labels[2], labels[79]]).toEqual([80, "person", "car", "toothbrush"]);
  });

  test("may have its nodes in any order, and no signature", () => {
    const straight = imported(writeCenterNet(small)).graph;
    const backwards = edited((nodes) => nodes.reverse());
    expect(imported(backwards).graph).toEqual(straight);
    delete backwards.model.signature;
    const outputsOf = ({ nodes }: typeof straight): string[] => nodes.map(({ output }) => output).toSorted();
    expect(outputsOf(imported(backwards).graph)).toEqual(outputsOf(straight));
  });

  test("may leave its input size open, which then must be given", () => {
    const open = edited((nodes) => {
      const image = nodes.find(({ op }) => op === "Placeholder");
      const dim = [-1, -1, -1, 3].map((size) => ({ size: String(size) }));
      if (image) image.attr.shape = { shape: { dim } };
    });
    expect(refusal(open).message).toMatch(/does not state its input size/);
    expect(
      imported(open, { size: { width: 24, height: 16 } }).graph.values.get("image.pixels")?.shape,
    ).toEqual([16, 24, 3]);
  });
});

describe("a TensorFlow.js CenterNet for another input size", () => {
  test("computes what TensorFlow.js computes with a model of that size", async () => {
    const size = { width: 40, height: 32 };
    const made = writeCenterNet({ ...small, ...size });
    const resizedTo = made.model.modelTopology.node.findIndex(({ name }) => name === "large/size");
    expect(resizedTo).toBeGreaterThan(0);
    // The size of the enlarged map is a constant of the file.
    const at = made.weights.findIndex((_, index) => {
      const words = new Int32Array(made.weights.slice(index * 4, index * 4 + 8).buffer);
      return words[0] === 8 && words[1] === 12;
    });
    made.weights.set(new Uint8Array(Int32Array.of(16, 20).buffer), at * 4);
    const peer = await openTfjs(tfjsFiles(made), size, ["heat", "sizes"]);
    const { graph } = imported(writeCenterNet(small), { size });
    const image = seededBytes(5, 32 * 40 * 3);
    const values = evaluate(graph, image);
    for (const [index, { shape, data }] of peer(image).entries()) {
      const received = values.get(graph.nodes.at(-1)?.inputs[index] ?? "");
      expect(received?.shape).toEqual(shape);
      for (const [i, value] of data.entries()) {
        expect(Math.abs((received?.data[i] ?? Number.NaN) - value)).toBeLessThan(1e-3);
      }
    }
  });

  test("lists the sizes that fit", () => {
    for (const size of [
      { width: 26, height: 16 },
      { width: 0, height: 16 },
      { width: 1e9, height: 16 },
    ]) {
      expect(refusal(writeCenterNet(small), { size }).message).toMatch(/expected multiples of 4 up to 4096/);
    }
  });

  test("is refused when the model's own size is not a multiple of its stride", () => {
    const conv: SmallCenterNet["body"] = (writer, image) => {
      const weights = writer.seeded("weights", [3, 3, 3, 4]);
      const map = writer.add("Conv2D", "full", [image, weights], windowAttributes(1, "SAME"));
      const small = writer.add(
        "Conv2D",
        "small",
        [map, writer.seeded("w", [3, 3, 4, 4])],
        windowAttributes(2, "SAME"),
      );
      const average = writer.add("Mean", "mean", [small, writer.integers("axes", [1, 2])], {
        keep_dims: flag(true),
      });
      return { map: writer.add("Mul", "gated", [map, average]), channels: 4 };
    };
    const odd = { height: 15, width: 13, body: conv };
    expect(
      imported(writeCenterNet(odd), { size: { width: 13, height: 15 } }).graph.nodes.length,
    ).toBeGreaterThan(5);
    expect(refusal(writeCenterNet(odd), { size: { width: 16, height: 16 } }).message).toMatch(/13x15/);
  });
});

describe("weights", () => {
  /** Rewrites the weight of this name; the others stay floats. */
  function requantised(
    name: string,
    dtype: "uint8" | "uint16" | "float16",
    store: (value: number) => number,
    quantization: Record<string, unknown>,
  ): Written {
    const written = writeCenterNet(small);
    const parts: Uint8Array[] = [];
    let at = 0;
    for (const weight of written.model.weightsManifest[0]?.weights ?? []) {
      const count = weight.shape.reduce((product, size) => product * size, 1);
      const bytes = written.weights.slice(at, at + 4 * count);
      at += 4 * count;
      if (weight.name !== name) {
        parts.push(bytes);
        continue;
      }
      const values = new Float32Array(bytes.buffer);
      const stored = dtype === "uint8" ? new Uint8Array(count) : new Uint16Array(count);
      values.forEach((value, i) => {
        stored[i] = store(value);
      });
      parts.push(new Uint8Array(stored.buffer));
      weight.quantization = { dtype, original_dtype: "float32", ...quantization };
    }
    return { model: written.model, weights: new Uint8Array(Buffer.concat(parts)) };
  }
  const weightsOf = (written: Written): Float32Array =>
    Float32Array.from(imported(written).graph.constants.get("half.weights")?.data ?? []);

  test.each([
    ["uint8", 255],
    ["uint16", 65535],
  ] as const)("of %s are q · scale + min", (dtype, steps) => {
    const [min, scale] = [-1, 2 / steps];
    const written = requantised("half/weights", dtype, (w) => Math.round((w - min) / scale), { min, scale });
    const exact = weightsOf(writeCenterNet(small));
    expect(exact.length).toBe(4 * 3 * 3 * 3);
    for (const [i, value] of weightsOf(written).entries()) {
      expect(Math.abs(value - (exact[i] ?? Number.NaN))).toBeLessThanOrEqual(scale / 2 + 1e-6);
    }
  });

  test("of float16 are not scaled", () => {
    // 0x3555 is the half next to 1/3.
    const written = requantised("half/weights", "float16", () => 0x3555, {});
    expect([...new Set(weightsOf(written))]).toEqual([0.333251953125]);
  });

  test("may be split into several files, even within a number", () => {
    const { model, weights } = writeCenterNet(small);
    const paths = ["group1-shard1of3.bin", "group1-shard2of3.bin", "group1-shard3of3.bin"];
    const [group] = model.weightsManifest;
    if (group) group.paths = paths;
    expect(Math.ceil(weights.length / 3) % 4).not.toBe(0);
    expect(imported({ model, weights }).graph).toEqual(imported(writeCenterNet(small)).graph);
  });
});

describe("everything that cannot be compiled is reported at once", () => {
  test("with the names of its nodes", () => {
    const { message, remedy } = refusal(
      edited((nodes) => {
        for (const node of nodes) {
          if (node.name === "half") node.attr.dilations = integers(1, 2, 2, 1);
          if (node.name === "quarter") node.attr.strides = integers(1, 2, 1, 1);
          if (node.name === "large") node.attr.half_pixel_centers = flag(true);
          if (node.name === "scaled") node.op = "Elu";
          if (node.name === "top") node.op = "NonMaxSuppressionV5";
        }
      }),
    );
    expect(message).toContain('Elu: 1 node, "scaled"');
    expect(message).toContain('Conv2D with dilations 1×2×2×1: 1 node, "half"');
    expect(message).toContain('Conv2D with strides 1×2×1×1: 1 node, "quarter"');
    expect(message).toContain('ResizeBilinear with half_pixel_centers: 1 node, "large"');
    expect(message).toContain('NonMaxSuppressionV5: 1 node, "top"');
    expect(remedy).toMatch(/--task tensor/);
  });

  test.each<[string, SmallCenterNet["body"], RegExp]>([
    [
      "a depthwise convolution with a channel multiplier",
      (writer, image) => {
        const weights = writer.seeded("weights", [3, 3, 3, 2]);
        const attr = windowAttributes(1, "SAME");
        return { map: writer.add("DepthwiseConv2dNative", "double", [image, weights], attr), channels: 6 };
      },
      /DepthwiseConv2dNative with a channel multiplier of 2: 1 node, "double"/,
    ],
    [
      "an average over channels",
      (writer, image) => {
        const axes = writer.integers("axes", 3);
        const mean = writer.add("Mean", "mean", [image, axes], { keep_dims: flag(true) });
        return { map: writer.add("Mul", "gated", [image, mean]), channels: 3 };
      },
      /Mean over axes 3: 1 node, "mean"/,
    ],
    [
      "maps joined along rows",
      (writer, image) => {
        const axis = writer.integers("joined/axis", 1);
        return { map: writer.add("ConcatV2", "joined", [image, image, axis]), channels: 3 };
      },
      /ConcatV2 along axis 1: 1 node, "joined"/,
    ],
    [
      "a difference of maps",
      (writer, image) => ({ map: writer.add("Sub", "less", [image, image]), channels: 3 }),
      /Sub of a value that is not a constant: 1 node, "less"/,
    ],
    [
      "padding along channels",
      (writer, image) => {
        const pads = writer.constant("pads", [4, 2], Int32Array.of(0, 0, 0, 0, 0, 0, 0, 1));
        return { map: writer.add("Pad", "pad", [image, pads]), channels: 4 };
      },
      /Pad by 0, 0, 0, 0, 0, 0, 0, 1: 1 node, "pad"/,
    ],
    [
      "padding before an operator without padding",
      (writer, image) => {
        const pads = writer.constant("pads", [4, 2], Int32Array.of(0, 0, 1, 1, 1, 1, 0, 0));
        const pad = writer.add("Pad", "pad", [image, pads]);
        const attr = { ...windowAttributes(1, "VALID"), ksize: integers(1, 3, 3, 1) };
        return { map: writer.add("MaxPool", "max", [pad], attr), channels: 3 };
      },
      /Pad in front of MaxPool: 1 node, "pad"/,
    ],
    [
      "padding before a convolution with padding of its own",
      (writer, image) => {
        const pads = writer.constant("pads", [4, 2], Int32Array.of(0, 0, 1, 1, 1, 1, 0, 0));
        const pad = writer.add("Pad", "pad", [image, pads]);
        return { map: writer.mix("mix", pad, 3, 4), channels: 4 };
      },
      /Pad in front of _FusedConv2D: 1 node, "pad"/,
    ],
  ])("%s", (_, body, message) => {
    expect(refusal(writeCenterNet({ height: 8, width: 8, body })).message).toMatch(message);
  });
});

describe("a head that is not a CenterNet's is refused with what was found", () => {
  test("when it shifts its boxes", () => {
    const moved = edited((nodes) => {
      for (const node of nodes) if (node.name === "x2") node.op = "Sub";
    });
    expect(refusal(moved).message).toMatch(/not a CenterNet's: box 0, column 2 of 6: expected .*, received/);
  });

  test("when it finds no peaks", () => {
    const flat = edited((nodes) => {
      for (const node of nodes) if (node.name === "peaks") node.input = ["heat", "heat"];
    });
    expect(refusal(flat).message).toMatch(/not a CenterNet's: .*no MaxPool/);
  });

  test("when it compares larger neighbourhoods", () => {
    const wide = edited((nodes) => {
      for (const node of nodes) if (node.name === "pool") node.attr.ksize = integers(1, 5, 5, 1);
    });
    expect(refusal(wide).message).toMatch(/not a CenterNet's: box \d/);
  });

  test("when there are no boxes at all", () => {
    const writer = new TfjsWriter();
    const image = writer.image(8, 8);
    const heat = writer.add("Sigmoid", "heat", [writer.mix("mix", image, 3, 5)]);
    expect(refusal(writer.finish([heat])).message).toMatch(
      /not a CenterNet's: .*received "heat" \[1, 8, 8, 5\] and no MaxPool/,
    );
  });
});
