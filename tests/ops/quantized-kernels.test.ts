import { describe, expect, test } from "vitest";
import { makeNode } from "../../detectors/compiler/graph/builder.ts";
import type { Activation, DType, Graph, Shape } from "../../detectors/compiler/graph/graph.ts";
import { evaluateOperator } from "../../detectors/compiler/ops/evaluate.ts";
import { operators } from "../../detectors/compiler/ops/index.ts";
import { elements, type Tensor } from "../../detectors/compiler/ops/operator.ts";
import { instantiateKernels } from "../support/kernel-module.ts";
import { seededFloats } from "../support/seeded.ts";
import { binaryenAccepts } from "../support/valid-wasm.ts";

const THRESHOLDS = { score: 0.25, iou: 0.45 };
const OUTPUT_MAX = 16_383;

interface QuantizedCase {
  readonly what: string;
  readonly x: Shape;
  readonly outputs: number;
  readonly kernel: number;
  readonly stride: number;
}

const CASES: readonly QuantizedCase[] = [
  { what: "a 1×1", x: [6, 10, 32], outputs: 32, kernel: 1, stride: 1 },
  { what: "a 1×1 with channels that fill no vector", x: [5, 7, 13], outputs: 21, kernel: 1, stride: 1 },
  { what: "a 3×3 of stride 2", x: [10, 14, 16], outputs: 24, kernel: 3, stride: 2 },
  { what: "a 3×3 of stride 2 over a pixel with gaps", x: [9, 9, 20], outputs: 16, kernel: 3, stride: 2 },
  { what: "large weights over a small picture", x: [5, 5, 256], outputs: 128, kernel: 3, stride: 2 },
  { what: "Winograd", x: [8, 12, 16], outputs: 16, kernel: 3, stride: 1 },
  { what: "Winograd, the edges cut tiles", x: [10, 9, 8], outputs: 8, kernel: 3, stride: 1 },
];

function wholeNumbers(seed: number, shape: Shape, largest: number): Tensor {
  return { shape, data: Float32Array.from(seededFloats(seed, elements(shape), largest), Math.round) };
}

function reals(seed: number, shape: Shape, scale = 2): Tensor {
  return { shape, data: seededFloats(seed, elements(shape), scale) };
}

function factors(seed: number, count: number, about: number): Float32Array {
  return seededFloats(seed, count, about).map((factor) => Math.abs(factor) + about / 4);
}

/** The kernel's answer and the reference's to one quantized convolution. */
async function bothAnswers(
  { x, outputs, kernel, stride }: QuantizedCase,
  xType: DType,
  output: "i16" | "f32",
  residual: DType | undefined,
  activation: Activation,
): Promise<{ received: Tensor; expected: Tensor }> {
  const pad = kernel === 3 ? 1 : 0;
  const [height = 0, width = 0, channels = 0] = x;
  const side = (size: number) => Math.floor((size + 2 * pad - kernel) / stride) + 1;
  const outShape = [side(height), side(width), outputs];
  const weightsShape = [outputs, kernel, kernel, channels];
  const isWhole = xType === "i16";
  const taps = channels * kernel * kernel;
  const inputs: readonly { name: string; dtype: DType; tensor: Tensor; isConstant: boolean }[] = [
    {
      name: "x",
      dtype: xType,
      tensor: isWhole ? wholeNumbers(1, x, OUTPUT_MAX) : reals(1, x),
      isConstant: false,
    },
    {
      name: "weights",
      dtype: "f32",
      tensor: isWhole
        ? wholeNumbers(2, weightsShape, (2 ** 31 - 1) / OUTPUT_MAX / taps)
        : reals(2, weightsShape, 1 / Math.sqrt(taps)),
      isConstant: true,
    },
    { name: "bias", dtype: "f32", tensor: reals(3, [outputs]), isConstant: true },
    ...(residual === undefined
      ? []
      : [
          {
            name: "residual",
            dtype: residual,
            tensor: residual === "i16" ? wholeNumbers(4, outShape, OUTPUT_MAX) : reals(4, outShape),
            isConstant: false,
          },
        ]),
  ];
  const attributes = {
    stride,
    padding: { top: pad, left: pad, bottom: pad, right: pad },
    activation,
    quantization: {
      multiplier: isWhole ? factors(5, outputs, 3e-9 * 16) : factors(5, outputs, 1),
      residualScale: residual === undefined ? undefined : factors(6, outputs, residual === "i16" ? 2e-4 : 1),
      outputScale: output === "i16" ? factors(7, outputs, 3e-4) : undefined,
      outputMax: OUTPUT_MAX,
    },
  };
  const types = inputs.map(({ dtype, tensor: { shape } }) => ({ dtype, shape }));
  const graph: Graph = {
    input: "x",
    output: "detections",
    nodes: [
      makeNode(
        "quantized_conv2d",
        inputs.map(({ name }) => name),
        "y",
        attributes,
      ),
    ],
    values: new Map([
      ...inputs.map(({ name }, index) => [name, types[index] ?? { dtype: "f32", shape: [] }] as const),
      ["y", operators.quantized_conv2d.infer(types, attributes)],
    ]),
    constants: new Map(
      inputs
        .filter(({ isConstant }) => isConstant)
        .map(({ name, tensor }) => [name, { shape: tensor.shape, data: Float32Array.from(tensor.data) }]),
    ),
  };
  const kernels = await instantiateKernels(graph);
  expect(binaryenAccepts(kernels.bytes)).toBe(true);
  for (const { name, tensor, isConstant } of inputs) if (!isConstant) kernels.write(name, tensor);
  kernels.run();
  const tensors = inputs.map(({ tensor }) => tensor);
  return {
    received: kernels.read("y"),
    expected: evaluateOperator("quantized_conv2d", tensors, attributes, THRESHOLDS),
  };
}

function largestDifference(received: Tensor, expected: Tensor): number {
  expect(received.shape).toEqual(expected.shape);
  const distances = Array.from(received.data, (value, at) =>
    Math.abs(value - (expected.data[at] ?? Number.NaN)),
  );
  return distances.reduce(
    (most, one) => (Number.isNaN(one) ? Number.POSITIVE_INFINITY : Math.max(most, one)),
    0,
  );
}

describe("a convolution of whole numbers computes what its reference does", () => {
  for (const one of CASES) {
    test(`${one.what}, i16 to i16 with SiLU and a residual, within one step`, async () => {
      const { received, expected } = await bothAnswers(one, "i16", "i16", "i16", "silu");
      // A result that lies between two whole numbers may be rounded either way; Winograd's floats err by a few steps.
      expect(largestDifference(received, expected)).toBeLessThanOrEqual(1);
      expect(new Set(expected.data).size).toBeGreaterThan(elements(expected.shape) / 4);
    });

    test(`${one.what}, i16 to f32`, async () => {
      const { received, expected } = await bothAnswers(one, "i16", "f32", undefined, "none");
      expect(largestDifference(received, expected)).toBeLessThan(1e-4);
    });

    test(`${one.what}, f32 to i16 with an f32 residual`, async () => {
      const { received, expected } = await bothAnswers(one, "f32", "i16", "f32", "silu");
      expect(largestDifference(received, expected)).toBeLessThanOrEqual(1);
    });
  }

  test("numbers beyond the largest become the largest, on both sides", async () => {
    const one = { what: "", x: [4, 4, 8], outputs: 8, kernel: 1, stride: 1 };
    const { received } = await bothAnswers(one, "i16", "i16", "f32", "none");
    const huge = { ...one, x: [4, 4, 64] };
    const { received: cut } = await bothAnswers(huge, "f32", "i16", undefined, "none");
    for (const value of [...received.data, ...cut.data])
      expect(Math.abs(value)).toBeLessThanOrEqual(OUTPUT_MAX);
    expect(Math.max(...cut.data.map(Math.abs))).toBeGreaterThan(OUTPUT_MAX / 4);
  });

  test("the largest products fill an i32 and do not overflow", async () => {
    const channels = 64;
    const largestWeight = Math.floor((2 ** 31 - 1) / OUTPUT_MAX / channels);
    const attributes = {
      stride: 1,
      padding: { top: 0, left: 0, bottom: 0, right: 0 },
      activation: "none" as const,
      quantization: {
        multiplier: new Float32Array(8).fill(1),
        residualScale: undefined,
        outputScale: undefined,
        outputMax: OUTPUT_MAX,
      },
    };
    const weights = { shape: [8, 1, 1, channels], data: new Float32Array(8 * channels).fill(largestWeight) };
    const graph: Graph = {
      input: "x",
      output: "detections",
      nodes: [makeNode("quantized_conv2d", ["x", "weights", "bias"], "y", attributes)],
      values: new Map([
        ["x", { dtype: "i16", shape: [1, 1, channels] }],
        ["weights", { dtype: "f32", shape: weights.shape }],
        ["bias", { dtype: "f32", shape: [8] }],
        ["y", { dtype: "f32", shape: [1, 1, 8] }],
      ]),
      constants: new Map([
        ["weights", weights],
        ["bias", { shape: [8], data: new Float32Array(8) }],
      ]),
    };
    const kernels = await instantiateKernels(graph);
    kernels.write("x", { shape: [1, 1, channels], data: new Float32Array(channels).fill(OUTPUT_MAX) });
    kernels.run();
    const sum = largestWeight * channels * OUTPUT_MAX;
    expect(sum).toBeGreaterThan(2 ** 31 * 0.99);
    expect(kernels.read("y").data[0]).toBe(Math.fround(sum));
  });
});

describe("operators that pass whole numbers through", () => {
  const x = wholeNumbers(1, [6, 8, 24], 30_000);
  const graphOf = (node: Graph["nodes"][number], shape: Shape): Graph => ({
    input: "x",
    output: "detections",
    nodes: [node],
    values: new Map([
      ["x", { dtype: "i16", shape: x.shape }],
      ["y", { dtype: "i16", shape }],
    ]),
    constants: new Map(),
  });
  const answer = async (graph: Graph): Promise<Tensor> => {
    const kernels = await instantiateKernels(graph);
    kernels.write("x", x);
    kernels.run();
    return kernels.read("y");
  };

  test("max_pool2d finds the largest, negative ones too", async () => {
    const attributes = { kernel: 5, stride: 1, padding: { top: 2, left: 2, bottom: 2, right: 2 } };
    const received = await answer(graphOf(makeNode("max_pool2d", ["x"], "y", attributes), x.shape));
    expect(received.data).toEqual(evaluateOperator("max_pool2d", [x], attributes, THRESHOLDS).data);
  });

  test("upsample repeats every pixel", async () => {
    const received = await answer(graphOf(makeNode("upsample", ["x"], "y", { factor: 2 }), [12, 16, 24]));
    expect(received.data).toEqual(evaluateOperator("upsample", [x], { factor: 2 }, THRESHOLDS).data);
  });

  test("concat joins what was not written in place", async () => {
    const received = await answer(graphOf(makeNode("concat", ["x", "x"], "y", {}), [6, 8, 48]));
    expect(received.data).toEqual(evaluateOperator("concat", [x, x], {}, THRESHOLDS).data);
  });
});
