import { describe, expect, test } from "vitest";
import { makeNode } from "../../detectors/compiler/graph/builder.ts";
import type { Graph } from "../../detectors/compiler/graph/graph.ts";
import { floats, type Shape, type Tensor, type ValueType } from "../../detectors/compiler/graph/value.ts";
import { evaluateOperator } from "../../detectors/compiler/ops/evaluate.ts";
import type { Operator, OperatorAttributes } from "../../detectors/compiler/ops/index.ts";
import { definitionOf, operators } from "../../detectors/compiler/ops/index.ts";
import { elements } from "../../detectors/compiler/ops/shapes.ts";
import type { Target } from "../../detectors/compiler/target.ts";
import { seededFloats } from "../support/base/seeded.ts";
import { instantiateKernels } from "../support/models/kernel-module.ts";
import { binaryenAccepts } from "../support/models/valid-wasm.ts";

const THRESHOLDS = { score: 0.25, iou: 0.45 };
const ALL_SIDES = (pixels: number) => ({ top: pixels, left: pixels, bottom: pixels, right: pixels });

/** Runs an operator's kernel and its reference on the same seeded numbers; returns the largest difference. */
async function largestDifference<K extends Operator>(
  op: K,
  shapes: readonly Shape[],
  attributes: OperatorAttributes[K],
  constantInputs: readonly number[] = [],
  scale = 3,
  target: Target = "simd128",
): Promise<number> {
  const tensors = shapes.map((shape, index) =>
    floats(shape, seededFloats(index + 1, elements(shape), scale)),
  );
  const types = shapes.map((shape): ValueType => ({ shape, dtype: "f32" }));
  const names = shapes.map((_, index) => `input ${index}`);
  const graph: Graph = {
    inputs: ["input 0"],
    outputs: ["detections"],
    states: [],
    nodes: [makeNode(op, names, "y", attributes)],
    values: new Map([
      ...names.map((name, index) => [name, types[index] ?? { shape: [], dtype: "f32" }] as const),
      ["y", definitionOf(op).infer(types, attributes)],
    ]),
    constants: new Map(
      constantInputs.flatMap((index) => {
        const tensor = tensors[index];
        return tensor ? [[`input ${index}`, tensor] as const] : [];
      }),
    ),
  };
  const kernels = await instantiateKernels(graph, target);
  expect(binaryenAccepts(kernels.bytes, target), "binaryen accepts the module").toBe(true);
  for (const [index, tensor] of tensors.entries()) {
    if (!constantInputs.includes(index)) kernels.write(`input ${index}`, tensor);
  }
  kernels.run();
  const expected = evaluateOperator(op, tensors, attributes, THRESHOLDS);
  return difference(kernels.read("y"), expected);
}

/** The largest absolute difference; infinite where a NaN occurs. */
function difference(received: Tensor, expected: Tensor): number {
  expect(received.shape).toEqual(expected.shape);
  let largest = 0;
  for (const [index, value] of received.data.entries()) {
    const distance = Math.abs(value - (expected.data[index] ?? Number.NaN));
    largest = Math.max(largest, Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance);
  }
  return largest;
}

interface ConvolutionCase {
  readonly what: string;
  readonly x: readonly [height: number, width: number, channels: number];
  readonly outputs: number;
  readonly kernel: readonly [height: number, width: number];
  readonly stride: number;
  readonly padding: OperatorAttributes["conv2d"]["padding"];
}

const CONVOLUTIONS: readonly ConvolutionCase[] = [
  {
    what: "3×3 as in the backbone",
    x: [16, 16, 16],
    outputs: 16,
    kernel: [3, 3],
    stride: 1,
    padding: ALL_SIDES(1),
  },
  { what: "3×3 stride 2", x: [20, 20, 32], outputs: 64, kernel: [3, 3], stride: 2, padding: ALL_SIDES(1) },
  { what: "1×1", x: [10, 10, 64], outputs: 32, kernel: [1, 1], stride: 1, padding: ALL_SIDES(0) },
  {
    what: "1×1 with 255 outputs, as in the head",
    x: [5, 5, 32],
    outputs: 255,
    kernel: [1, 1],
    stride: 1,
    padding: ALL_SIDES(0),
  },
  {
    what: "6×6 stride 2 stem on 3 channels",
    x: [32, 48, 3],
    outputs: 16,
    kernel: [6, 6],
    stride: 2,
    padding: ALL_SIDES(2),
  },
  {
    what: "large weights and a small map: blocks outermost",
    x: [5, 5, 128],
    outputs: 64,
    kernel: [3, 3],
    stride: 1,
    padding: ALL_SIDES(1),
  },
  {
    what: "Winograd of stride 2, whole tiles",
    x: [16, 24, 32],
    outputs: 16,
    kernel: [3, 3],
    stride: 2,
    padding: ALL_SIDES(1),
  },
  {
    what: "Winograd of stride 2, partial tiles at both edges",
    x: [21, 27, 36],
    outputs: 8,
    kernel: [3, 3],
    stride: 2,
    padding: ALL_SIDES(1),
  },
  {
    what: "Winograd, whole tiles",
    x: [8, 12, 8],
    outputs: 16,
    kernel: [3, 3],
    stride: 1,
    padding: ALL_SIDES(1),
  },
  {
    what: "Winograd, partial tiles at the bottom",
    x: [10, 8, 8],
    outputs: 8,
    kernel: [3, 3],
    stride: 1,
    padding: ALL_SIDES(1),
  },
  {
    what: "Winograd, partial tiles at the right edge",
    x: [8, 9, 12],
    outputs: 8,
    kernel: [3, 3],
    stride: 1,
    padding: ALL_SIDES(1),
  },
  {
    what: "Winograd, partial tiles at both edges",
    x: [15, 22, 16],
    outputs: 24,
    kernel: [3, 3],
    stride: 1,
    padding: ALL_SIDES(1),
  },
  {
    what: "Winograd, one tile",
    x: [4, 4, 4],
    outputs: 8,
    kernel: [3, 3],
    stride: 1,
    padding: ALL_SIDES(1),
  },
  {
    what: "Winograd, no padding",
    x: [7, 11, 8],
    outputs: 8,
    kernel: [3, 3],
    stride: 1,
    padding: ALL_SIDES(0),
  },
  {
    what: "Winograd, groups of four tile rows and a remainder",
    x: [37, 20, 8],
    outputs: 8,
    kernel: [3, 3],
    stride: 1,
    padding: ALL_SIDES(1),
  },
  {
    what: "width 1: a single pixel per row",
    x: [7, 1, 8],
    outputs: 8,
    kernel: [3, 3],
    stride: 1,
    padding: ALL_SIDES(1),
  },
  { what: "width remainder 1", x: [3, 5, 8], outputs: 8, kernel: [3, 3], stride: 1, padding: ALL_SIDES(1) },
  { what: "width remainder 2", x: [3, 6, 8], outputs: 8, kernel: [1, 1], stride: 1, padding: ALL_SIDES(0) },
  { what: "width remainder 3", x: [3, 7, 8], outputs: 8, kernel: [3, 3], stride: 1, padding: ALL_SIDES(1) },
  { what: "a 1×1 output", x: [3, 3, 8], outputs: 12, kernel: [3, 3], stride: 1, padding: ALL_SIDES(0) },
  {
    what: "a 1×1 map, padding at all taps but one",
    x: [1, 1, 4],
    outputs: 4,
    kernel: [3, 3],
    stride: 1,
    padding: ALL_SIDES(1),
  },
  {
    what: "input channels not divisible by 4",
    x: [6, 9, 5],
    outputs: 8,
    kernel: [3, 3],
    stride: 1,
    padding: ALL_SIDES(1),
  },
  {
    what: "output channels not divisible by 4",
    x: [6, 9, 8],
    outputs: 7,
    kernel: [3, 3],
    stride: 1,
    padding: ALL_SIDES(1),
  },
  {
    what: "an odd number of vectors",
    x: [6, 8, 8],
    outputs: 12,
    kernel: [3, 3],
    stride: 2,
    padding: ALL_SIDES(1),
  },
  {
    what: "one channel in and out",
    x: [5, 5, 1],
    outputs: 1,
    kernel: [5, 5],
    stride: 1,
    padding: ALL_SIDES(2),
  },
  {
    what: "a kernel that is not square",
    x: [8, 8, 6],
    outputs: 10,
    kernel: [1, 5],
    stride: 1,
    padding: { top: 0, left: 2, bottom: 0, right: 2 },
  },
  {
    what: "uneven padding and stride 3",
    x: [11, 10, 4],
    outputs: 4,
    kernel: [3, 3],
    stride: 3,
    padding: { top: 0, left: 1, bottom: 2, right: 0 },
  },
];

describe("the convolution kernel equals its reference", () => {
  for (const { what, x, outputs, kernel, stride, padding } of CONVOLUTIONS) {
    const weights = [outputs, ...kernel, x[2]];
    test(what, async () => {
      const attributes = { stride, padding, activation: "none" } as const;
      expect(await largestDifference("conv2d", [x, weights, [outputs]], attributes, [1, 2], 1)).toBeLessThan(
        1e-3,
      );
    });
    test(`${what}, with SiLU and a residual`, async () => {
      const attributes = { stride, padding, activation: "silu" } as const;
      const output = operators.conv2d.infer(
        [x, weights].map((shape) => ({ shape, dtype: "f32" as const })),
        attributes,
      ).shape;
      const inputs = [x, weights, [outputs], output];
      expect(await largestDifference("conv2d", inputs, attributes, [1, 2], 1)).toBeLessThan(1e-3);
    });
  }

  test.for(["relu", "relu6", { hardSwish: 1 / 6 }, { leakyRelu: 0.1 }] as const)(
    "the activation %j",
    async (activation) => {
      const attributes = { stride: 1, padding: ALL_SIDES(1), activation };
      const shapes = [[6, 7, 8], [12, 3, 3, 8], [12]];
      expect(await largestDifference("conv2d", shapes, attributes, [1, 2], 1)).toBeLessThan(1e-3);
    },
  );

  test("without a bias", async () => {
    const attributes = { stride: 1, padding: ALL_SIDES(1), activation: "none" } as const;
    expect(
      await largestDifference(
        "conv2d",
        [
          [6, 6, 8],
          [8, 3, 3, 8],
        ],
        attributes,
        [1],
        1,
      ),
    ).toBeLessThan(1e-3);
  });
});

describe("the depthwise convolution kernel equals its reference", () => {
  const ACTIVATIONS = [
    "none",
    "silu",
    "relu",
    "relu6",
    { hardSwish: 0.16662598 },
    { leakyRelu: 0.1 },
  ] as const;
  const cases = [
    { what: "3×3", x: [9, 12, 16], kernel: 3, stride: 1, padding: ALL_SIDES(1) },
    { what: "5×5", x: [9, 13, 24], kernel: 5, stride: 1, padding: ALL_SIDES(2) },
    {
      what: "3×3 stride 2, TensorFlow's SAME",
      x: [8, 10, 8],
      kernel: 3,
      stride: 2,
      padding: { top: 0, left: 0, bottom: 1, right: 1 },
    },
    {
      what: "5×5 stride 2, TensorFlow's SAME",
      x: [8, 14, 8],
      kernel: 5,
      stride: 2,
      padding: { top: 1, left: 1, bottom: 2, right: 2 },
    },
    { what: "a stride larger than the kernel", x: [10, 10, 4], kernel: 1, stride: 3, padding: ALL_SIDES(0) },
    { what: "channels not divisible by 4", x: [5, 6, 7], kernel: 3, stride: 1, padding: ALL_SIDES(1) },
    { what: "a single pixel", x: [1, 1, 5], kernel: 5, stride: 1, padding: ALL_SIDES(2) },
  ];
  for (const [index, { what, x, kernel, stride, padding }] of cases.entries()) {
    const activation = ACTIVATIONS[index % ACTIVATIONS.length] ?? "none";
    test(`${what}, ${JSON.stringify(activation)}`, async () => {
      const inputs = [x, [kernel, kernel, x[2] ?? 0], [x[2] ?? 0]];
      const attributes = { stride, padding, activation };
      expect(await largestDifference("depthwise_conv2d", inputs, attributes, [1, 2])).toBeLessThan(1e-3);
      expect(
        await largestDifference("depthwise_conv2d", inputs.slice(0, 2), attributes, [1]),
        "without a bias",
      ).toBeLessThan(1e-3);
    });
  }
});

describe("the kernels for the relaxed target, with one rounding instead of two, equal their references", () => {
  const attributes = { stride: 1, padding: ALL_SIDES(1), activation: "silu" } as const;
  test("a direct convolution", async () => {
    const shapes = [[6, 7, 5], [12, 3, 3, 5], [12]];
    expect(await largestDifference("conv2d", shapes, attributes, [1, 2], 1, "relaxed")).toBeLessThan(1e-4);
  });
  test("Winograd", async () => {
    const shapes = [[9, 10, 16], [16, 3, 3, 16], [16]];
    expect(await largestDifference("conv2d", shapes, attributes, [1, 2], 1, "relaxed")).toBeLessThan(1e-4);
  });
  test("a depthwise convolution", async () => {
    const shapes = [[6, 9, 12], [3, 3, 12], [12]];
    expect(
      await largestDifference("depthwise_conv2d", shapes, attributes, [1, 2], 1, "relaxed"),
    ).toBeLessThan(1e-4);
  });
});

describe("the other kernels equal their references", () => {
  for (const shape of [
    [4, 5, 8],
    [1, 1, 3],
    [3, 7, 6],
  ]) {
    const size = shape.join("×");
    test(`sigmoid of ${size}`, async () => {
      expect(await largestDifference("sigmoid", [shape], {})).toBeLessThan(5e-6);
    });
    test(`SiLU of ${size}`, async () => {
      expect(await largestDifference("silu", [shape], {})).toBeLessThan(1e-5);
    });
    for (const op of ["add", "mul"] as const) {
      test(`${op} of two maps of ${size}`, async () => {
        expect(await largestDifference(op, [shape, shape], {})).toBeLessThan(1e-5);
      });
      test(`${op} of ${size} and one number per channel`, async () => {
        expect(await largestDifference(op, [shape, shape.slice(-1)], {}, [1])).toBeLessThan(1e-5);
      });
    }
    test(`${size} times a map of one pixel`, async () => {
      expect(await largestDifference("mul", [shape, [1, 1, shape[2] ?? 0]], {})).toBeLessThan(1e-5);
    });
    test(`ReLU, ReLU6 and hard swish of ${size}`, async () => {
      expect(await largestDifference("relu", [shape], {})).toBe(0);
      expect(await largestDifference("relu6", [shape], {})).toBe(0);
      expect(await largestDifference("hard_swish", [shape], { slope: 1 / 6 })).toBeLessThan(1e-5);
    });
    test(`the average of ${size}`, async () => {
      expect(await largestDifference("mean", [shape], {})).toBeLessThan(1e-6);
    });
    test(`bilinear resizing of ${size} by 2 and by 3`, async () => {
      expect(await largestDifference("resize_bilinear", [shape], { factor: 2 })).toBeLessThan(1e-6);
      expect(await largestDifference("resize_bilinear", [shape], { factor: 3 })).toBeLessThan(1e-6);
    });
    test(`upsampling ${size} by 2 and by 3`, async () => {
      expect(await largestDifference("upsample", [shape], { factor: 2 })).toBe(0);
      expect(await largestDifference("upsample", [shape], { factor: 3 })).toBe(0);
    });
  }

  test("the average of many channels", async () => {
    expect(await largestDifference("mean", [[5, 7, 37]], {})).toBeLessThan(1e-6);
  });

  test("space to depth, with and without gaps between pixels", async () => {
    expect(await largestDifference("space_to_depth", [[6, 8, 4]], { block: 2 })).toBe(0);
    expect(await largestDifference("space_to_depth", [[4, 6, 3]], { block: 2 })).toBe(0);
    expect(await largestDifference("space_to_depth", [[6, 9, 5]], { block: 3 })).toBe(0);
  });

  test("max pooling with the window of SPPF and with others", async () => {
    const pool = (shape: Shape, kernel: number, stride: number, padding: number) =>
      largestDifference("max_pool2d", [shape], { kernel, stride, padding: ALL_SIDES(padding) });
    expect(await pool([10, 12, 16], 5, 1, 2)).toBe(0);
    expect(await pool([9, 7, 6], 3, 2, 1)).toBe(0);
    expect(await pool([4, 4, 4], 13, 1, 6)).toBe(0);
    expect(await pool([8, 8, 3], 2, 2, 0)).toBe(0);
  });

  test("concatenation of parts whose channels are not whole vectors", async () => {
    expect(
      await largestDifference(
        "concat",
        [
          [3, 4, 5],
          [3, 4, 7],
          [3, 4, 2],
        ],
        { axis: 2 },
      ),
    ).toBe(0);
    expect(
      await largestDifference(
        "concat",
        [
          [3, 4, 8],
          [3, 4, 3],
        ],
        { axis: 2 },
      ),
    ).toBe(0);
  });
});

test("SiLU is accurate to 1e-5 from −64 to 64 and finite beyond", async () => {
  const values = Float32Array.from({ length: 4096 }, (_, index) => (index - 2048) / 32);
  const extreme = [1e30, -1e30, 1e20, -1e20, 0, -0, 1e-30, 88, -88, 127, -127];
  const data = Float32Array.from([...values, ...extreme]);
  const shape = [1, data.length, 1];
  const graph: Graph = {
    inputs: ["x"],
    outputs: ["detections"],
    states: [],
    nodes: [makeNode("silu", ["x"], "y", {})],
    values: new Map<string, ValueType>([
      ["x", { shape, dtype: "f32" }],
      ["y", { shape, dtype: "f32" }],
    ]),
    constants: new Map(),
  };
  const kernels = await instantiateKernels(graph);
  kernels.write("x", { shape, data });
  kernels.run();
  const { data: received } = kernels.read("y");
  for (const [index, x] of data.entries()) {
    const exact = x / (1 + Math.exp(-x));
    const tolerance = 1e-5 * Math.max(1, Math.abs(exact));
    expect(Math.abs((received[index] ?? Number.NaN) - exact), `SiLU(${x})`).toBeLessThanOrEqual(tolerance);
  }
});
