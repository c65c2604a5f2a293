/** Weights that are stored as binary16 in the module: the kernels must give the same results. */
import { expect, test } from "vitest";
import { makeNode } from "../../detectors/compiler/graph/builder.ts";
import type { Graph } from "../../detectors/compiler/graph/graph.ts";
import { type FloatConstant, floats, type Shape } from "../../detectors/compiler/graph/value.ts";
import { halfToNumber } from "../../detectors/compiler/half.ts";
import { conv2d } from "../../detectors/compiler/ops/conv2d.ts";
import { elements } from "../../detectors/compiler/ops/shapes.ts";
import { seededBytes, seededFloats } from "../support/base/seeded.ts";
import { instantiateKernels } from "../support/models/kernel-module.ts";

interface Case {
  readonly what: string;
  readonly outputs: number;
  readonly kernel: number;
  readonly channels: number;
}

const CASES: readonly Case[] = [
  { what: "blocks of 8 channels", outputs: 16, kernel: 1, channels: 64 },
  { what: "blocks of 8 channels and one of 4", outputs: 12, kernel: 1, channels: 128 },
  { what: "4 channels and a remainder", outputs: 7, kernel: 5, channels: 12 },
  { what: "Winograd's weight transform", outputs: 32, kernel: 3, channels: 16 },
];

const X: Shape = [12, 12];
const PADDING = { top: 1, left: 1, bottom: 1, right: 1 };

/** Binary16 numbers within ±2, including subnormals and zeros. */
function halves(count: number): Float32Array {
  const bytes = seededBytes(7, 2 * count);
  return Float32Array.from({ length: count }, (_, i) => {
    const bits = (bytes[2 * i] ?? 0) | ((bytes[2 * i + 1] ?? 0) << 8);
    return halfToNumber(bits & 0xbfff);
  });
}

function weightsOf({ outputs, kernel, channels }: Case, perOutput: Float32Array): FloatConstant {
  const shape = [outputs, kernel, kernel, channels];
  const numbers = halves(elements(shape));
  const run = numbers.length / outputs;
  const data = numbers.map((number, i) => number * (perOutput[Math.floor(i / run)] ?? 0));
  return floats(shape, data, { numbers, perOutput });
}

/** @returns the convolution's result and the bytes of its module */
async function convolve({ channels }: Case, weights: FloatConstant) {
  const attributes = { stride: 1, padding: PADDING, activation: "none" } as const;
  const x = { shape: [...X, channels], dtype: "f32" } as const;
  const w = { shape: weights.shape, dtype: "f32" } as const;
  const graph: Graph = {
    inputs: ["x"],
    outputs: ["detections"],
    states: [],
    nodes: [makeNode("conv2d", ["x", "w"], "y", attributes)],
    values: new Map([
      ["x", x],
      ["w", w],
      ["y", conv2d.infer([x, w], attributes)],
    ]),
    constants: new Map([["w", weights]]),
  };
  const kernels = await instantiateKernels(graph);
  kernels.write("x", { shape: x.shape, data: seededFloats(1, elements(x.shape), 3) });
  kernels.run();
  kernels.run();
  return { y: kernels.read("y").data, bytes: kernels.bytes.length };
}

test.for(CASES)("stores products of binary16 numbers and a factor per output: $what", async (shape) => {
  const weights = weightsOf(shape, seededFloats(3, shape.outputs, 1));
  const short = await convolve(shape, weights);
  const long = await convolve(shape, { ...weights, product: undefined });
  expect(short.y).toEqual(long.y);
  expect(long.bytes - short.bytes).toBeGreaterThan(1.2 * weights.data.length);
});

test.for(CASES)("stores binary16 numbers: $what", async (shape) => {
  const { data, ...weights } = weightsOf(shape, new Float32Array(shape.outputs).fill(1));
  const short = await convolve(shape, { ...weights, data, product: undefined });
  // A single number that binary16 cannot represent keeps all of them floats.
  const changed = data.with(0, 1 + 2 ** -12);
  const long = await convolve(shape, { ...weights, data: changed, product: undefined });
  const again = await convolve(shape, {
    ...weights,
    data: changed,
    product: { numbers: data, perOutput: new Float32Array(shape.outputs).fill(1) },
  });
  expect(again.y).toEqual(short.y);
  expect(long.y).not.toEqual(short.y);
  expect(long.bytes - short.bytes).toBeGreaterThan(1.2 * data.length);
});

test("keeps weights as floats where a factor would overflow", async () => {
  const [shape] = CASES;
  if (shape === undefined) throw new Error("expected a case");
  const weights = weightsOf(shape, new Float32Array(shape.outputs).fill(2 ** 20));
  const { y } = await convolve(shape, weights);
  expect(y).toEqual((await convolve(shape, { ...weights, product: undefined })).y);
  expect(y.some((value) => Math.abs(value) > 2 ** 20)).toBe(true);
});
