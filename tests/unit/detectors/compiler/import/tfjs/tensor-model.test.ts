/** TensorFlow.js models of any kind, compiled with their own inputs and outputs. */
import { describe, expect, test } from "vitest";
import type { ImportedTensors } from "../../../../../../detectors/compiler/graph/graph.ts";
import type { Shape } from "../../../../../../detectors/compiler/graph/value.ts";
import type { FileModel, TensorOptions } from "../../../../../../detectors/compiler/import/importer.ts";
import { tfjsImporter } from "../../../../../../detectors/compiler/import/tfjs/importer.ts";
import { elements } from "../../../../../../detectors/compiler/ops/shapes.ts";
import { ModelError } from "../../../../../../detectors/errors.ts";
import { compileTensors } from "../../../../../../scripts/conformance/compile-onnx.ts";
import { runLibrary } from "../../../../../../scripts/conformance/run-library.ts";
import { seededFloats } from "../../../../../support/base/seeded.ts";
import { tfjsOutputs } from "../../../../../support/models/tfjs-peer.ts";
import {
  flag,
  integers,
  type TfjsFiles,
  TfjsWriter,
  text,
  texts,
  tfjsFiles,
  windowAttributes,
} from "../../../../../support/models/tfjs-writer.ts";

function imported({ json, shards }: TfjsFiles, options: Partial<TensorOptions> = {}): ImportedTensors {
  const file = tfjsImporter.read({ main: json, companions: shards }) as FileModel;
  return file.tensors({ name: "test", ...options });
}

function refusal(files: TfjsFiles): ModelError {
  try {
    imported(files);
  } catch (error) {
    if (error instanceof ModelError) return error;
    throw error;
  }
  throw new Error("the model was accepted");
}

/** Compares the module's outputs with those of TensorFlow.js. */
async function expectSameAsTfjs(files: TfjsFiles, outputs: readonly string[]): Promise<void> {
  const compiled = compileTensors(imported(files));
  const inputs = new Map(
    compiled.inputs.map(({ name, shape }, index) => [
      name,
      { shape, data: seededFloats(index + 1, elements(shape), 2) },
    ]),
  );
  const received = runLibrary(compiled, new Map([...inputs].map(([name, { data }]) => [name, data])));
  const expected = await tfjsOutputs(files, inputs, outputs);
  expect(compiled.outputs.map(({ name, shape }) => [name, shape])).toEqual(
    outputs.map((name, index) => [name, expected[index]?.shape]),
  );
  for (const [index, { data }] of expected.entries()) {
    for (const [at, value] of data.entries()) {
      expect(
        Math.abs((received[index]?.[at] ?? Number.NaN) - value),
        `${outputs[index]}[${at}]`,
      ).toBeLessThan(1e-4 * Math.max(1, Math.abs(value)));
    }
  }
}

/** Writes a graph behind one input; `build` returns the names of the outputs. */
function graph(
  shape: Shape,
  build: (writer: TfjsWriter, x: string) => string | string[],
): { files: TfjsFiles; outputs: string[] } {
  const writer = new TfjsWriter();
  const outputs = [build(writer, writer.input("x", shape))].flat();
  return { files: tfjsFiles(writer.finish(outputs)), outputs };
}

type Build = Parameters<typeof graph>[1];

const number = (i: number) => ({ i: String(i) });

const cases: readonly (readonly [what: string, shape: Shape, build: Build])[] = [
  [
    "a convolution with fused bias and activation",
    [1, 7, 6, 3],
    (w, x) =>
      w.add("_FusedConv2D", "y", [x, w.seeded("w", [3, 2, 3, 5]), w.seeded("b", [5])], {
        ...windowAttributes(2, "SAME"),
        fused_ops: texts("BiasAdd", "Relu6"),
        num_args: number(1),
      }),
  ],
  [
    "a dilated convolution without padding",
    [2, 9, 8, 2],
    (w, x) =>
      w.add("Conv2D", "y", [x, w.seeded("w", [3, 3, 2, 4])], {
        ...windowAttributes(1, "VALID"),
        dilations: integers(1, 2, 2, 1),
      }),
  ],
  [
    "a depthwise convolution with two outputs for each channel",
    [1, 6, 5, 3],
    (w, x) =>
      w.add("DepthwiseConv2dNative", "y", [x, w.seeded("w", [3, 3, 3, 2])], windowAttributes(1, "SAME")),
  ],
  [
    "a transposed convolution",
    [1, 4, 5, 3],
    (w, x) =>
      w.add(
        "Conv2DBackpropInput",
        "y",
        [w.integers("size", [1, 8, 10, 2]), w.seeded("w", [3, 3, 2, 3]), x],
        windowAttributes(2, "SAME"),
      ),
  ],
  [
    "pools",
    [1, 7, 7, 2],
    (w, x) => [
      w.add("MaxPool", "highest", [x], { ...windowAttributes(2, "SAME"), ksize: integers(1, 3, 3, 1) }),
      w.add("AvgPool", "average", [x], { ...windowAttributes(2, "SAME"), ksize: integers(1, 3, 3, 1) }),
    ],
  ],
  [
    "enlarged maps",
    [1, 3, 4, 2],
    (w, x) => {
      const size = w.integers("size", [7, 9]);
      const flags = (aligned: boolean, centred: boolean) => ({
        align_corners: flag(aligned),
        half_pixel_centers: flag(centred),
      });
      return [
        w.add("ResizeBilinear", "corners", [x, size], flags(true, false)),
        w.add("ResizeBilinear", "plain", [x, size], flags(false, false)),
        w.add("ResizeBilinear", "centred", [x, size], flags(false, true)),
        w.add("ResizeNearestNeighbor", "nearest", [x, size], flags(false, false)),
      ];
    },
  ],
  [
    "products of matrices",
    [3, 4],
    (w, x) => [
      w.add("MatMul", "product", [x, w.seeded("a", [5, 4])], { transpose_b: flag(true) }),
      w.add("_FusedMatMul", "fused", [x, w.seeded("c", [4, 2]), w.seeded("d", [2])], {
        fused_ops: texts("BiasAdd", "Relu"),
        num_args: number(1),
      }),
    ],
  ],
  [
    "reductions, kept and removed axes",
    [2, 3, 4],
    (w, x) => [
      w.add("Mean", "mean", [x, w.integers("last", [-1])], { keep_dims: flag(true) }),
      w.add("Sum", "sum", [x, w.integers("outer", [0, 1])]),
      w.add("Max", "max", [x, w.integers("middle", 1)]),
      w.add("Mean", "none", [x, w.integers("empty", [])]),
    ],
  ],
  [
    "slices with masks, negative steps and removed axes",
    [2, 5, 6],
    (w, x) => {
      const lists = (name: string, ...three: number[][]) =>
        three.map((values, index) => w.integers(`${name}${index}`, values));
      return [
        w.add("StridedSlice", "masked", [x, ...lists("m", [1, 2, 0], [0, 0, 4], [1, 2, 1])], {
          begin_mask: number(1),
          end_mask: number(3),
        }),
        w.add("StridedSlice", "last", [x, ...lists("l", [0, -1], [0, 0], [1, 1])], {
          shrink_axis_mask: number(2),
          end_mask: number(1),
        }),
        w.add("StridedSlice", "turned", [x, ...lists("t", [0, 0, 0], [0, 0, 0], [1, -1, -2])], {
          begin_mask: number(7),
          end_mask: number(7),
        }),
        w.add("Slice", "cut", [x, w.integers("begin", [0, 1, 2]), w.integers("size", [2, -1, 3])]),
      ];
    },
  ],
  [
    "splits, stacks and joins",
    [2, 6],
    (w, x) => {
      w.add("Split", "split", [w.integers("axis", 1), x], { num_split: number(3) });
      w.add("Unpack", "rows", [x], { axis: number(0), num: number(2) });
      const packed = w.add("Pack", "packed", ["rows:1", "rows"], { axis: number(1), N: number(2) });
      const joined = w.add("ConcatV2", "joined", ["split:2", "split", w.integers("last", -1)], {
        N: number(2),
      });
      return [packed, joined];
    },
  ],
  [
    "padding",
    [2, 3],
    (w, x) => [
      w.add("Pad", "zeros", [x, w.constant("p", [2, 2], Int32Array.of(1, 0, 2, 1))]),
      w.add("PadV2", "threes", [x, w.constant("q", [2, 2], Int32Array.of(0, 1, 1, 0)), w.number("three", 3)]),
      w.add("MirrorPad", "mirrored", [x, w.constant("r", [2, 2], Int32Array.of(1, 1, 2, 0))], {
        mode: text("REFLECT"),
      }),
    ],
  ],
  [
    "shapes that follow from the input",
    [2, 3, 4],
    (w, x) => {
      const shape = w.add("Shape", "shape", [x], { out_type: { type: "DT_INT32" } });
      const bounds = [w.integers("s0", [0]), w.integers("s1", [1]), w.integers("s2", [1])];
      const batch = w.add("StridedSlice", "batch", [shape, ...bounds], { shrink_axis_mask: number(1) });
      const wanted = w.add("Pack", "wanted", [batch, w.integers("rest", -1)], {
        axis: number(0),
        N: number(2),
      });
      return w.add("Reshape", "flat", [x, wanted]);
    },
  ],
  [
    "elementwise functions",
    [2, 5],
    (w, x) => [
      w.add("Rsqrt", "rsqrt", [w.add("Square", "square", [x])]),
      w.add("SquaredDifference", "difference", [x, w.seeded("other", [5])]),
      w.add("LeakyRelu", "leaky", [x], { alpha: { f: 0.125 } }),
      w.add("Prelu", "prelu", [x, w.seeded("slopes", [5])]),
      w.add("Softmax", "softmax", [x]),
      w.add("RealDiv", "quotient", [w.number("one", 1), w.add("Exp", "exp", [x])]),
    ],
  ],
  [
    "normalisation by batch",
    [1, 3, 3, 4],
    (w, x) => {
      const four = (name: string) => w.seeded(name, [4]);
      const variance = w.constant("variance", [4], Float32Array.of(0.5, 1, 2, 3));
      return w.add("FusedBatchNormV3", "norm", [x, four("scale"), four("offset"), four("mean"), variance], {
        epsilon: { f: 0.25 },
      });
    },
  ],
];

describe("computes what TensorFlow.js computes:", () => {
  test.each(cases)("%s", async (_, shape, build) => {
    const { files, outputs } = graph(shape, build);
    await expectSameAsTfjs(files, outputs);
  });
});

describe("inputs and outputs", () => {
  test("have the order of the signature, in the metadata too, and unused inputs stay", () => {
    const writer = new TfjsWriter();
    const [first, second] = [writer.input("a", [2]), writer.input("b", [3])];
    writer.add("Neg", "unused", [first]);
    const outputs = [writer.add("Abs", "y", [second]), writer.add("Exp", "z", [second])];
    const { model, weights } = writer.finish();
    const named = (names: readonly string[]) =>
      Object.fromEntries(names.map((name, index) => [`tensor_${index}`, { name: `${name}:0` }]));
    const signature = { inputs: named(["b", "a"]), outputs: named(outputs.toReversed()) };
    const file = { ...model, signature: { outputs: {} }, userDefinedMetadata: { signature } };
    const read = imported(tfjsFiles({ model: file, weights }));
    expect(read.inputs.map(({ name, shape }) => [name, shape])).toEqual([
      ["b", [3]],
      ["a", [2]],
    ]);
    expect(read.outputs.map(({ name }) => name)).toEqual(["z", "y"]);
  });

  test("may have open sizes: a batch is 1, others must be given", () => {
    const { files } = graph([-1, -1], (w, x) => w.add("Relu", "y", [x]));
    const { message, remedy } = refusal(files);
    expect(message).toContain('The input "x" leaves open sizes: [?, ?]');
    expect(remedy).toContain('--shape "x=1x320"');
    expect(imported(files, { shapes: new Map([["x", [2, 7]]]) }).outputs[0]?.shape).toEqual([2, 7]);
  });

  test("of a node without attributes are read", () => {
    const { files, outputs } = graph([3], (w, x) => w.add("Neg", "y", [x]));
    const model = JSON.parse(new TextDecoder().decode(files.json));
    for (const node of model.modelTopology.node) if (node.op === "Neg") delete node.attr;
    const bare = { ...files, json: new TextEncoder().encode(JSON.stringify(model)) };
    expect(imported(bare).outputs.map(({ name }) => name)).toEqual(outputs);
  });
});

test("a value is not split into a billion parts", () => {
  const { files } = graph([4], (w, x) =>
    w.add("Split", "y", [w.integers("axis", 0), x], { num_split: number(1e9) }),
  );
  expect(refusal(files).message).toContain('Split into 1000000000 parts: 1 node, "y"');
});

test("everything that cannot be compiled is reported at once, as TensorFlow names it", () => {
  const { files } = graph([1, 4, 4, 2], (w, x) => {
    const first = w.add("Bincount", "first", [x]);
    const nchw = { ...windowAttributes(1, "SAME"), data_format: text("NCHW"), ksize: integers(1, 2, 2, 1) };
    const pool = w.add("MaxPool", "pool", [w.add("Bincount", "second", [first])], nchw);
    return w.add("Mean", "mean", [pool, x]);
  });
  const { message } = refusal(files);
  expect(message).toContain('Bincount: 2 nodes, "first", "second"');
  expect(message).toContain('MaxPool with data_format NCHW: 1 node, "pool"');
  expect(message).toContain('Mean with a computed input 1: 1 node, "mean"');
});
