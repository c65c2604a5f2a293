/** Kernels of operators on tensors of any rank and type equal their references. */
import { describe, expect, test } from "vitest";
import { inferOutput, makeNode } from "../../detectors/compiler/graph/builder.ts";
import type { Graph } from "../../detectors/compiler/graph/graph.ts";
import {
  constantOf,
  type DType,
  type Shape,
  type Tensor,
  type ValueType,
} from "../../detectors/compiler/graph/value.ts";
import { evaluateOperator } from "../../detectors/compiler/ops/evaluate.ts";
import type { Operator, OperatorAttributes } from "../../detectors/compiler/ops/index.ts";
import { elements } from "../../detectors/compiler/ops/shapes.ts";
import { seededFloats } from "../support/base/seeded.ts";
import { instantiateKernels } from "../support/models/kernel-module.ts";
import { binaryenAccepts } from "../support/models/valid-wasm.ts";

const THRESHOLDS = { score: 0.25, iou: 0.45 };

/** How an operator is tried: its inputs, each of a shape and type, and the range of their numbers. */
interface Trial<K extends Operator> {
  readonly op: K;
  readonly attributes: OperatorAttributes[K];
  readonly shapes: readonly Shape[];
  readonly dtypes?: readonly DType[];
  readonly range?: readonly [least: number, most: number];
  /** Inputs that are constants. */
  readonly constants?: readonly number[];
}

function numbersOf(
  seed: number,
  { dtype, shape }: ValueType,
  [least, most]: readonly [number, number],
): Tensor {
  const count = elements(shape);
  const reals = seededFloats(seed, count, 1).map((value) => least + ((value + 1) / 2) * (most - least));
  if (dtype === "bool")
    return constantOf(
      { dtype, shape },
      reals.map((value) => (value > (least + most) / 2 ? 1 : 0)),
    );
  return constantOf({ dtype, shape }, dtype === "f32" ? reals : reals.map(Math.round));
}

/** Runs kernel and reference; returns both results. */
async function bothResults<K extends Operator>({
  op,
  attributes,
  shapes,
  dtypes,
  range,
  constants = [],
}: Trial<K>) {
  const types = shapes.map(
    (shape, index): ValueType => ({ shape, dtype: dtypes?.[index] ?? dtypes?.[0] ?? "f32" }),
  );
  const tensors = types.map((type, index) => numbersOf(index + 1, type, range ?? [-3, 3]));
  const names = types.map((_, index) => `input ${index}`);
  const output = inferOutput(op, types, attributes, "y");
  const graph: Graph = {
    inputs: names.filter((_, index) => !constants.includes(index)),
    outputs: ["detections"],
    states: [],
    nodes: [makeNode(op, names, "y", attributes)],
    values: new Map([...names.map((name, index) => [name, types[index] ?? output] as const), ["y", output]]),
    constants: new Map(
      constants.map((index) => [
        `input ${index}`,
        constantOf(types[index] ?? output, tensors[index]?.data ?? []),
      ]),
    ),
  };
  const kernels = await instantiateKernels(graph);
  expect(binaryenAccepts(kernels.bytes, "simd128"), "binaryen accepts the module").toBe(true);
  for (const [index, tensor] of tensors.entries()) {
    if (!constants.includes(index)) kernels.write(`input ${index}`, tensor);
  }
  kernels.run();
  const expected = evaluateOperator(op, tensors, attributes, THRESHOLDS);
  const received = kernels.read("y");
  expect(received.shape).toEqual(expected.shape);
  return { received: [...received.data], expected: [...expected.data] };
}

async function expectSame<K extends Operator>(trial: Trial<K>, tolerance = 2e-6): Promise<void> {
  const { received, expected } = await bothResults(trial);
  for (const [index, value] of expected.entries()) {
    const seen = received[index] ?? Number.NaN;
    if (Object.is(seen, value) || seen === value || (Number.isNaN(seen) && Number.isNaN(value))) continue;
    expect(Math.abs(seen - value), `element ${index}: ${seen} for ${value}`).toBeLessThanOrEqual(
      tolerance * Math.max(1, Math.abs(value)),
    );
  }
}

const SHAPES: readonly Shape[] = [[], [1], [7], [2, 5], [3, 4, 5], [2, 3, 1, 9], [2, 1, 3, 2, 4]];
const FUNCTIONS = [
  ...([
    "sigmoid",
    "silu",
    "relu",
    "relu6",
    "softplus",
    "exp",
    "tanh",
    "erf",
    "floor",
    "ceil",
    "round",
  ] as const),
  ...(["abs", "neg", "sign"] as const),
];
const INTEGERS = ["i8", "u8", "i16", "i32"] as const;

describe("functions of one element", () => {
  test.each(FUNCTIONS)("%s of tensors of every rank", async (op) => {
    for (const shape of SHAPES) await expectSame({ op, attributes: {}, shapes: [shape] }, 6e-6);
  });

  test.each(["exp", "tanh", "erf", "sigmoid", "softplus"] as const)("%s over its whole range", async (op) => {
    await expectSame({ op, attributes: {}, shapes: [[4001]], range: [-100, 88] }, 6e-6);
  });

  test("logarithm and square root of numbers of all sizes", async () => {
    for (const range of [
      [1e-30, 1e-20],
      [0, 1],
      [0.5, 2],
      [1, 1e20],
    ] as const) {
      await expectSame({ op: "log", attributes: {}, shapes: [[501]], range }, 4e-7);
      await expectSame({ op: "sqrt", attributes: {}, shapes: [[501]], range }, 4e-7);
    }
    await expectSame({ op: "log", attributes: {}, shapes: [[9]], range: [0, 0] });
    await expectSame({ op: "log", attributes: {}, shapes: [[9]], range: [-3, -1] });
  });

  test("functions with attributes", async () => {
    const shapes = [[3, 7]];
    await expectSame({ op: "leaky_relu", attributes: { slope: 0.1 }, shapes });
    await expectSame({ op: "leaky_relu", attributes: { slope: -2 }, shapes: [[2, 3, 5, 7]] });
    await expectSame({ op: "hard_sigmoid", attributes: { alpha: 0.2, beta: 0.5 }, shapes });
    await expectSame({ op: "hard_swish", attributes: { slope: 1 / 6 }, shapes });
    await expectSame({ op: "elu", attributes: { alpha: 1.5, gamma: 1.1 }, shapes });
    await expectSame({ op: "clip", attributes: { least: -1, most: 2 }, shapes });
    for (const dtype of INTEGERS) {
      await expectSame({
        op: "clip",
        attributes: { least: 1, most: 2 },
        shapes,
        dtypes: [dtype],
        range: [0, 5],
      });
    }
  });

  test.each(["abs", "neg", "sign"] as const)("%s of integers", async (op) => {
    for (const dtype of INTEGERS) {
      await expectSame({ op, attributes: {}, shapes: [[3, 5]], dtypes: [dtype], range: [-9, 9] });
    }
  });
});

const PAIRS: readonly (readonly [Shape, Shape])[] = [
  [
    [3, 4, 5],
    [3, 4, 5],
  ],
  [[3, 4, 5], [5]],
  [
    [3, 4, 5],
    [1, 4, 1],
  ],
  [[5], [3, 4, 5]],
  [[], [2, 9]],
  [
    [2, 1, 4, 1],
    [3, 1, 6],
  ],
];

describe("functions of two elements", () => {
  test.each(["add", "sub", "mul", "min", "max"] as const)("%s broadcasts", async (op) => {
    for (const shapes of PAIRS) {
      await expectSame({ op, attributes: {}, shapes });
      await expectSame({ op, attributes: {}, shapes, constants: [1] });
      for (const dtype of INTEGERS) {
        await expectSame({ op, attributes: {}, shapes, dtypes: [dtype], range: [-100, 100] });
      }
    }
  });

  test("division rounds integers towards zero, and gives zero for a divisor of zero", async () => {
    await expectSame({ op: "div", attributes: {}, shapes: [[40], [40]] });
    for (const dtype of INTEGERS) {
      await expectSame({
        op: "div",
        attributes: {},
        shapes: [[400], [400]],
        dtypes: [dtype],
        range: [-5, 5],
      });
    }
  });

  test.each(["mod", "rem"] as const)("%s of integers of both signs, and of zero", async (op) => {
    for (const dtype of INTEGERS) {
      await expectSame({ op, attributes: {}, shapes: [[400], [400]], dtypes: [dtype], range: [-9, 9] });
    }
  });

  test("powers of positive and negative numbers", async () => {
    await expectSame({ op: "pow", attributes: {}, shapes: [[500], [500]], range: [0, 5] }, 3e-6);
    await expectSame({ op: "pow", attributes: {}, shapes: [[500], [500]] }, 3e-6);
    const { received, expected } = await bothResults({
      op: "pow",
      attributes: {},
      shapes: [[9], [1]],
      range: [2, 2],
    });
    expect([received[0], expected[0]]).toEqual([4, 4]);
  });

  test.each(["equal", "less", "less_or_equal"] as const)("%s of floats and integers", async (op) => {
    for (const shapes of PAIRS) {
      await expectSame({ op, attributes: {}, shapes });
      for (const dtype of INTEGERS) {
        await expectSame({ op, attributes: {}, shapes, dtypes: [dtype], range: [-2, 2] });
      }
    }
  });

  test.each(["and", "or", "xor"] as const)("%s of truth values", async (op) => {
    await expectSame({ op, attributes: {}, shapes: [[4, 5], [5]], dtypes: ["bool"] });
  });

  test("a slope for negative numbers, and a choice by truth values", async () => {
    await expectSame({ op: "not", attributes: {}, shapes: [[9]], dtypes: ["bool"] });
    await expectSame({
      op: "prelu",
      attributes: {},
      shapes: [
        [2, 3, 4],
        [3, 1],
      ],
      constants: [1],
    });
    for (const dtype of ["f32", ...INTEGERS] as const) {
      const shapes = [[2, 1, 4], [3, 1], [4]];
      await expectSame({ op: "where", attributes: {}, shapes, dtypes: ["bool", dtype, dtype] });
    }
  });

  test("conversions between all types", async () => {
    const all = ["f32", ...INTEGERS, "bool"] as const;
    for (const from of all) {
      for (const to of all) {
        await expectSame({
          op: "cast",
          attributes: { to },
          shapes: [[3, 7]],
          dtypes: [from],
          range: [-200, 300],
        });
      }
    }
  });
});

describe.each(["f32", "i8", "i16", "i32"] as const)("operators that move elements of %s", (dtype) => {
  const dtypes = [dtype];
  const range = [-100, 100] as const;

  test("transpose in every order", async () => {
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0],
      [0, 2, 1],
    ]) {
      await expectSame({ op: "transpose", attributes: { order }, shapes: [[3, 4, 5]], dtypes, range });
    }
    await expectSame({
      op: "transpose",
      attributes: { order: [3, 0, 4, 2, 1] },
      shapes: [[2, 3, 1, 4, 5]],
      dtypes,
      range,
    });
  });

  test("rearrange axes that are split and joined", async () => {
    const shapes = [[12, 5, 9]];
    for (const attributes of [
      { sizes: [12, 5, 9], order: [1, 2, 0], shape: [5, 9, 12] },
      { sizes: [12, 5, 9], order: [2, 0, 1], shape: [1, 9, 60] },
      { sizes: [3, 4, 5, 9], order: [2, 3, 1, 0], shape: [5, 9, 12] },
      { sizes: [2, 6, 5, 3, 3], order: [4, 1, 2, 0, 3], shape: [3, 30, 2, 3] },
      { sizes: [12, 5, 9], order: [0, 1, 2], shape: [1, 12, 45] },
      { sizes: [3, 4, 5, 9], order: [1, 2, 3, 0], shape: [4, 45, 3] },
      { sizes: [12, 5, 9], order: [0, 2, 1], shape: [12, 9, 5] },
      { sizes: [2, 6, 5, 9], order: [2, 3, 1, 0], shape: [5, 9, 12] },
      { sizes: [2, 6, 5, 9], order: [1, 2, 3, 0], shape: [6, 5, 18] },
    ]) {
      await expectSame({ op: "rearrange", attributes, shapes, dtypes, range });
    }
  });

  test("slice forwards and backwards", async () => {
    const attributes = { starts: [1, 3, 0], steps: [1, -1, 2], sizes: [2, 3, 3] };
    await expectSame({ op: "slice", attributes, shapes: [[3, 4, 5]], dtypes, range });
  });

  test("expand, reshape, concatenate, pad", async () => {
    await expectSame({ op: "expand", attributes: { shape: [2, 3, 4] }, shapes: [[3, 1]], dtypes, range });
    await expectSame({ op: "reshape", attributes: { shape: [4, 15] }, shapes: [[3, 4, 5]], dtypes, range });
    for (const axis of [0, 1, 2]) {
      const shapes = [2, 3, 1].map((size) => [3, 4, 5].with(axis, size));
      await expectSame({ op: "concat", attributes: { axis }, shapes, dtypes, range });
    }
    const attributes = { before: [0, 1, 2], after: [1, 0, 3], between: [0, 1, 0], value: 7 };
    await expectSame({ op: "pad", attributes, shapes: [[2, 3, 4]], dtypes, range });
  });

  test("gather along each axis, with indices from the end and beyond it", async () => {
    for (const axis of [0, 1, 2]) {
      const shapes = [
        [3, 4, 5],
        [2, 3],
      ];
      await expectSame({
        op: "gather",
        attributes: { axis },
        shapes,
        dtypes: [dtype, "i32"],
        range: [-6, 6],
      });
    }
  });
});

describe("contractions", () => {
  test.each(["sum", "max", "min", "product"] as const)("reduce by %s", async (combining) => {
    for (const axes of [[0], [1], [2], [0, 2], [0, 1, 2], []]) {
      for (const keep of [true, false]) {
        const attributes = { combining, axes, keep, factor: 1 };
        await expectSame({ op: "reduce", attributes, shapes: [[3, 4, 5]] }, 1e-5);
        for (const dtype of INTEGERS) {
          await expectSame({
            op: "reduce",
            attributes,
            shapes: [[3, 2, 3]],
            dtypes: [dtype],
            range: [-3, 3],
          });
        }
      }
    }
  });

  test("average", async () => {
    const attributes = { combining: "sum", axes: [1], keep: true, factor: 1 / 4 } as const;
    await expectSame({ op: "reduce", attributes, shapes: [[3, 4, 5]] });
    await expectSame({ op: "reduce", attributes, shapes: [[3, 4, 5]], dtypes: ["i32"], range: [-99, 99] });
  });

  test("products of matrices, with broadcast batches", async () => {
    for (const [a, b] of [
      [
        [3, 4],
        [4, 9],
      ],
      [
        [1, 4],
        [4, 1],
      ],
      [
        [2, 3, 4],
        [4, 5],
      ],
      [
        [2, 1, 3, 4],
        [5, 4, 6],
      ],
      [
        [9, 5],
        [5, 16],
      ],
      [
        [2, 1, 3, 6],
        [2, 6, 21],
      ],
      [
        [1, 7],
        [7, 9],
      ],
    ] as const) {
      await expectSame({ op: "matmul", attributes: {}, shapes: [a, b] }, 1e-5);
      await expectSame({ op: "matmul", attributes: {}, shapes: [a, b], dtypes: ["i32"], range: [-9, 9] });
    }
  });

  test("convolutions along one, two and three axes, in groups, with strides and dilations", async () => {
    for (const [x, w, strides, dilations, groups] of [
      [[2, 3, 9], [4, 3, 3], [1], [1], 1],
      [[1, 4, 8, 9], [6, 2, 3, 3], [1, 1], [1, 1], 2],
      [[1, 4, 9, 9], [4, 1, 3, 2], [2, 2], [2, 1], 4],
      [[1, 2, 4, 5, 6], [3, 2, 2, 2, 3], [1, 2, 1], [1, 1, 2], 1],
    ] as const) {
      await expectSame(
        { op: "convolution", attributes: { strides, dilations, groups }, shapes: [x, w] },
        1e-5,
      );
    }
  });

  test("the largest and the average number of windows", async () => {
    for (const combining of ["max", "sum"] as const) {
      const attributes = { combining, kernel: [3, 2], strides: [2, 1], dilations: [1, 2], factor: 1 / 6 };
      await expectSame({ op: "pool", attributes, shapes: [[2, 3, 7, 9]] });
    }
  });
});

test("a tensor without elements is left alone", async () => {
  await expectSame({ op: "add", attributes: {}, shapes: [[0, 3], [3]] });
  await expectSame({
    op: "reduce",
    attributes: { combining: "sum", axes: [0], keep: false, factor: 1 },
    shapes: [[0, 3]],
  });
});
