import { describe, expect, test } from "vitest";
import { makeNode } from "../../detectors/compiler/graph/builder.ts";
import type { Graph } from "../../detectors/compiler/graph/graph.ts";
import {
  type Affine,
  floats,
  type Shape,
  type StoredInteger,
  type Tensor,
  type ValueType,
} from "../../detectors/compiler/graph/value.ts";
import type { MapType } from "../../detectors/compiler/kernels/kernel.ts";
import type { Activation } from "../../detectors/compiler/ops/activation.ts";
import { evaluateOperator } from "../../detectors/compiler/ops/evaluate.ts";
import { operators } from "../../detectors/compiler/ops/index.ts";
import { STORED_RANGE } from "../../detectors/compiler/ops/quantized-conv2d.ts";
import { elements } from "../../detectors/compiler/ops/shapes.ts";
import { seededFloats } from "../support/base/seeded.ts";
import { instantiateKernels } from "../support/models/kernel-module.ts";
import { binaryenAccepts } from "../support/models/valid-wasm.ts";

const THRESHOLDS = { score: 0.25, iou: 0.45 };
const [, I16_MOST] = STORED_RANGE.i16;

interface QuantizedCase {
  readonly what: string;
  readonly x: Shape;
  readonly outputs: number;
  readonly kernel: number;
  readonly stride: number;
}

const CASES: readonly QuantizedCase[] = [
  { what: "a 1×1", x: [6, 10, 32], outputs: 32, kernel: 1, stride: 1 },
  {
    what: "a 1×1 with channels that do not fill whole vectors",
    x: [5, 7, 13],
    outputs: 21,
    kernel: 1,
    stride: 1,
  },
  { what: "a 3×3 of stride 2", x: [10, 14, 16], outputs: 24, kernel: 3, stride: 2 },
  { what: "a 3×3 of stride 2 with gaps between pixels", x: [9, 9, 20], outputs: 16, kernel: 3, stride: 2 },
  { what: "large weights and a small map", x: [5, 5, 256], outputs: 128, kernel: 3, stride: 2 },
  { what: "Winograd", x: [8, 12, 16], outputs: 16, kernel: 3, stride: 1 },
  { what: "Winograd, partial tiles at the edges", x: [10, 9, 8], outputs: 8, kernel: 3, stride: 1 },
];

function integers(seed: number, shape: Shape, largest: number): Tensor {
  return { shape, data: Float32Array.from(seededFloats(seed, elements(shape), largest), Math.round) };
}

/** Numbers of a type: integers over its whole range, or reals. */
function storedNumbers(seed: number, shape: Shape, dtype: MapType): Tensor {
  if (dtype === "f32") return reals(seed, shape);
  const { data } = integers(seed, shape, dtype === "i16" ? I16_MOST : 63);
  return { shape, data: dtype === "i16" ? data : data.map((value) => Math.min(127, value + 64)) };
}

/** Scales and zero points with which the reals of a type are about 1. */
function affine(seed: number, count: number, dtype: MapType) {
  const about = { f32: 1, i16: 1e-4, u7: 0.02, u8: 1 }[dtype];
  const zeros = integers(seed + 1, [count], 20).data;
  const zero = Float32Array.from(zeros, (value) => (dtype === "u7" ? Math.abs(value) : 0));
  return { scale: factors(seed, count, about), zero };
}

function reals(seed: number, shape: Shape, scale = 2): Tensor {
  return { shape, data: seededFloats(seed, elements(shape), scale) };
}

function factors(seed: number, count: number, about: number): Float32Array {
  return seededFloats(seed, count, about).map((factor) => Math.abs(factor) + about / 4);
}

/** The types of a convolution's inputs and output. */
interface Storage {
  readonly x: MapType;
  readonly output: "f32" | StoredInteger;
  readonly residual?: MapType;
  readonly activation?: Activation;
  readonly silu?: "coarse";
  /** Multiplies the sums, which are otherwise about 1. */
  readonly gain?: number;
}

/** The results of kernel and reference for a quantized convolution. */
async function bothResults(
  { x, outputs, kernel, stride }: QuantizedCase,
  storage: Storage,
): Promise<{ received: Tensor; expected: Tensor }> {
  const pad = kernel === 3 ? 1 : 0;
  const [height = 0, width = 0, channels = 0] = x;
  const side = (size: number) => Math.floor((size + 2 * pad - kernel) / stride) + 1;
  const outShape = [side(height), side(width), outputs];
  const weightsShape = [outputs, kernel, kernel, channels];
  const taps = channels * kernel * kernel;
  const weights = {
    f32: () => reals(2, weightsShape, 1 / Math.sqrt(taps)),
    i16: () => integers(2, weightsShape, (2 ** 31 - 1) / I16_MOST / taps),
    u7: () => integers(2, weightsShape, 127),
    u8: () => reals(2, weightsShape, 1 / 255 / Math.sqrt(taps)),
  }[storage.x]();
  const largestSum = { f32: 1, i16: 2e8, u7: 127 * 127 * Math.sqrt(taps), u8: 1 }[storage.x];
  const { residual } = storage;
  const inputs: readonly { name: string; dtype: MapType; tensor: Tensor; isConstant: boolean }[] = [
    { name: "x", dtype: storage.x, tensor: storedNumbers(1, x, storage.x), isConstant: false },
    { name: "weights", dtype: "f32", tensor: weights, isConstant: true },
    { name: "bias", dtype: "f32", tensor: reals(3, [outputs]), isConstant: true },
    ...(residual === undefined
      ? []
      : [
          {
            name: "residual",
            dtype: residual,
            tensor: storedNumbers(4, outShape, residual),
            isConstant: false,
          },
        ]),
  ];
  const attributes = {
    stride,
    padding: { top: pad, left: pad, bottom: pad, right: pad },
    activation: storage.activation ?? "silu",
    quantization: {
      silu: storage.silu ?? ("fine" as const),
      inputZero: storage.x === "u7" ? affine(8, channels, "u7").zero : undefined,
      multiplier: factors(5, outputs, (storage.gain ?? 1) / largestSum),
      residual: residual === undefined ? undefined : affine(6, outputs, residual),
      output:
        storage.output === "f32"
          ? undefined
          : { dtype: storage.output, ...affine(7, outputs, storage.output) },
    },
  };
  const affines: Readonly<Record<string, Affine | undefined>> = {
    x: {
      scale: new Float32Array(channels),
      zero: attributes.quantization.inputZero ?? new Float32Array(channels),
    },
    residual: attributes.quantization.residual,
  };
  const types = inputs.map(
    ({ name, dtype, tensor: { shape } }): ValueType => ({ dtype, shape, affine: affines[name] }),
  );
  const graph: Graph = {
    inputs: ["x"],
    outputs: ["detections"],
    states: [],
    nodes: [
      makeNode(
        "quantized_conv2d",
        inputs.map(({ name }) => name),
        "y",
        attributes,
      ),
    ],
    values: new Map<string, ValueType>([
      ...inputs.map(({ name }, index) => [name, types[index] ?? { dtype: "f32", shape: [] }] as const),
      ["y", operators.quantized_conv2d.infer(types, attributes)],
    ]),
    constants: new Map(
      inputs
        .filter(({ isConstant }) => isConstant)
        .map(({ name, tensor }) => [name, floats(tensor.shape, Float32Array.from(tensor.data))]),
    ),
  };
  const kernels = await instantiateKernels(graph, "relaxed");
  expect(binaryenAccepts(kernels.bytes, "relaxed")).toBe(true);
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

const STORAGES: readonly Storage[] = [
  { x: "i16", output: "i16", residual: "i16" },
  { x: "i16", output: "f32", activation: "none" },
  { x: "f32", output: "i16", residual: "f32" },
  { x: "u7", output: "u7", residual: "u7" },
  { x: "u7", output: "u7" },
  { x: "u7", output: "f32", residual: "u7", activation: "none" },
  { x: "u7", output: "i16", residual: "i16" },
  { x: "i16", output: "u7", residual: "u7" },
  { x: "u7", output: "u7", residual: "u7", silu: "coarse" },
  { x: "f32", output: "i16", silu: "coarse" },
  { x: "i16", output: "f32", silu: "coarse" },
];

const BEYOND = [
  { activation: "none" },
  { activation: "silu" },
  { activation: "silu", silu: "coarse" },
  { activation: "relu" },
  { activation: { hardSwish: 1 / 6 } },
] as const;

describe("a quantized convolution equals its reference", () => {
  for (const one of CASES) {
    for (const storage of STORAGES) {
      const residual = storage.residual === undefined ? "" : ` with an ${storage.residual} residual`;
      const silu = storage.silu === undefined ? "" : `, ${storage.silu} SiLU`;
      test(`${one.what}, ${storage.x} to ${storage.output}${residual}${silu}`, async () => {
        const { received, expected } = await bothResults(one, storage);
        // A number halfway between two integers may be rounded either way.
        expect(largestDifference(received, expected)).toBeLessThanOrEqual(
          storage.output === "f32" ? 1e-4 : 1,
        );
        const different = new Set(expected.data).size;
        expect(different).toBeGreaterThan(storage.output === "u7" ? 20 : elements(expected.shape) / 4);
      });
    }
  }

  test("Winograd on image bytes", async () => {
    const stem = { what: "", x: [16, 20, 12], outputs: 16, kernel: 3, stride: 1 };
    for (const output of ["i16", "u7", "f32"] as const) {
      const { received, expected } = await bothResults(stem, { x: "u8", output });
      expect(largestDifference(received, expected)).toBeLessThanOrEqual(output === "f32" ? 1e-4 : 1);
    }
  });

  const beyond = { what: "", x: [4, 4, 64], outputs: 8, kernel: 1, stride: 1 };
  test.each([1, 1e4, 1e9, 1e30])("numbers beyond the range saturate, with a gain of %d", async (gain) => {
    for (const output of ["i16", "u7"] as const) {
      for (const residual of ["i16", undefined] as const) {
        for (const how of BEYOND) {
          const storage = { x: "f32", output, gain, ...how } as const;
          const { received, expected } = await bothResults(
            beyond,
            residual === undefined ? storage : { ...storage, residual },
          );
          expect(largestDifference(received, expected)).toBeLessThanOrEqual(1);
          const [least, most] = STORED_RANGE[output];
          if (gain > 1) expect(Math.max(...received.data)).toBe(most);
          if (gain > 1 && how.activation === "none") expect(Math.min(...received.data)).toBe(least);
        }
      }
    }
  });

  test("the largest products fill an i32 without overflow", async () => {
    const channels = 64;
    const largestWeight = Math.floor((2 ** 31 - 1) / I16_MOST / channels);
    const attributes = {
      stride: 1,
      padding: { top: 0, left: 0, bottom: 0, right: 0 },
      activation: "none" as const,
      quantization: {
        silu: "fine" as const,
        inputZero: undefined,
        multiplier: new Float32Array(8).fill(1),
        residual: undefined,
        output: undefined,
      },
    };
    const weights = floats([8, 1, 1, channels], new Float32Array(8 * channels).fill(largestWeight));
    const graph: Graph = {
      inputs: ["x"],
      outputs: ["detections"],
      states: [],
      nodes: [makeNode("quantized_conv2d", ["x", "weights", "bias"], "y", attributes)],
      values: new Map([
        ["x", { dtype: "i16", shape: [1, 1, channels] }],
        ["weights", { dtype: "f32", shape: weights.shape }],
        ["bias", { dtype: "f32", shape: [8] }],
        ["y", { dtype: "f32", shape: [1, 1, 8] }],
      ]),
      constants: new Map([
        ["weights", weights],
        ["bias", floats([8], new Float32Array(8))],
      ]),
    };
    const kernels = await instantiateKernels(graph);
    kernels.write("x", { shape: [1, 1, channels], data: new Float32Array(channels).fill(I16_MOST) });
    kernels.run();
    const sum = largestWeight * channels * I16_MOST;
    expect(sum).toBeGreaterThan(2 ** 31 * 0.99);
    expect(kernels.read("y").data[0]).toBe(Math.fround(sum));
  });
});

describe.each(["i16", "u7"] as const)("operators that move integers, %s", (dtype) => {
  const x = storedNumbers(1, [6, 8, 24], dtype);
  const graphOf = (node: Graph["nodes"][number], shape: Shape): Graph => ({
    inputs: ["x"],
    outputs: ["detections"],
    states: [],
    nodes: [node],
    values: new Map([
      ["x", { dtype, shape: x.shape }],
      ["y", { dtype, shape }],
    ]),
    constants: new Map(),
  });
  const result = async (graph: Graph): Promise<Tensor> => {
    const kernels = await instantiateKernels(graph);
    kernels.write("x", x);
    kernels.run();
    return kernels.read("y");
  };

  test("max_pool2d finds the maximum, also of negative numbers", async () => {
    const attributes = { kernel: 5, stride: 1, padding: { top: 2, left: 2, bottom: 2, right: 2 } };
    const received = await result(graphOf(makeNode("max_pool2d", ["x"], "y", attributes), x.shape));
    expect(received.data).toEqual(evaluateOperator("max_pool2d", [x], attributes, THRESHOLDS).data);
  });

  test("upsample repeats every pixel", async () => {
    const received = await result(graphOf(makeNode("upsample", ["x"], "y", { factor: 2 }), [12, 16, 24]));
    expect(received.data).toEqual(evaluateOperator("upsample", [x], { factor: 2 }, THRESHOLDS).data);
  });

  test("concat copies parts that were not written in place", async () => {
    const received = await result(graphOf(makeNode("concat", ["x", "x"], "y", { axis: 2 }), [6, 8, 48]));
    expect(received.data).toEqual(evaluateOperator("concat", [x, x], { axis: 2 }, THRESHOLDS).data);
  });
});
