/** Tensors [1, channels, …] become feature maps: the results stay, and layouts change only where a region begins or ends. */
import { describe, expect, test } from "vitest";
import { buildGraph, type GraphBuilder } from "../../../../../detectors/compiler/graph/builder.ts";
import type { Graph } from "../../../../../detectors/compiler/graph/graph.ts";
import { floats, type Shape } from "../../../../../detectors/compiler/graph/value.ts";
import { evaluateTensors } from "../../../../../detectors/compiler/ops/evaluate.ts";
import { elements } from "../../../../../detectors/compiler/ops/shapes.ts";
import { runPasses } from "../../../../../detectors/compiler/passes/index.ts";
import { seededFloats } from "../../../../support/base/seeded.ts";

interface ConvolutionOptions {
  readonly weights: Shape;
  readonly strides?: readonly number[];
  readonly dilations?: readonly number[];
  readonly groups?: number;
}

/** A convolution of a tensor, with its groups joined. */
function convolved(
  b: GraphBuilder,
  x: string,
  { weights, strides, dilations, groups = 1 }: ConvolutionOptions,
): string {
  const ones = weights.slice(2).map(() => 1);
  const y = b.add("convolution", [x, constant(b, weights)], {
    strides: strides ?? ones,
    dilations: dilations ?? ones,
    groups,
  });
  const [batch = 1, , , ...sizes] = b.typeOf(y).shape;
  return b.add("reshape", [y], { shape: [batch, weights[0] ?? 1, ...sizes] });
}

function constant(b: GraphBuilder, shape: Shape): string {
  const data = seededFloats(elements(shape), elements(shape));
  return b.constant(b.unusedName("constant"), floats(shape, data));
}

const scalar = (b: GraphBuilder, number: number): string =>
  b.constant(b.unusedName("constant"), floats([], Float32Array.of(number)));

/** Adds as many pixels on each side. */
function padded(b: GraphBuilder, x: string, size: number, value = 0): string {
  const sides = b.typeOf(x).shape.map((_, axis) => (axis < 2 ? 0 : size));
  return b.add("pad", [x], { before: sides, after: sides, between: sides.map(() => 0), value });
}

/** A convolution from 4 to `outputs` channels, which makes a map. */
const asMap = (b: GraphBuilder, x: string, outputs = 4): string =>
  convolved(b, x, { weights: [outputs, 4, 1, 1] });

interface Case {
  readonly shape?: Shape;
  readonly build: (b: GraphBuilder, x: string) => string;
  /** The operators of the lowered graph, in order. */
  readonly ops: readonly string[];
}

const CONVOLUTION = ["rearrange", "conv2d", "rearrange"];

const cases: Record<string, Case> = {
  "a padded convolution with bias and activation": {
    build: (b, x) =>
      b.add(
        "relu",
        [
          b.add(
            "add",
            [convolved(b, padded(b, x, 1), { weights: [8, 4, 3, 3] }), constant(b, [8, 1, 1])],
            {},
          ),
        ],
        {},
      ),
    ops: CONVOLUTION,
  },
  "a batch norm as a difference, a product and a sum": {
    build: (b, x) => {
      const centred = b.add("sub", [asMap(b, x), constant(b, [4, 1, 1])], {});
      return b.add(
        "add",
        [b.add("mul", [constant(b, [4, 1, 1]), centred], {}), constant(b, [1, 4, 1, 1])],
        {},
      );
    },
    ops: CONVOLUTION,
  },
  "a hard swish written as a clip between a sum and a quotient": {
    build: (b, x) => {
      const y = asMap(b, x);
      const gate = b.add("clip", [b.add("add", [y, scalar(b, 3)], {})], { least: 0, most: 6 });
      return b.add("div", [b.add("mul", [y, gate], {}), scalar(b, 6)], {});
    },
    ops: CONVOLUTION,
  },
  "a hard swish written as a product with a hard sigmoid": {
    build: (b, x) => {
      const y = asMap(b, x);
      return b.add("mul", [b.add("hard_sigmoid", [y], { alpha: 1 / 6, beta: 0.5 }), y], {});
    },
    ops: CONVOLUTION,
  },
  "a product with another hard sigmoid": {
    build: (b, x) => {
      const y = asMap(b, x);
      return b.add("mul", [b.add("hard_sigmoid", [y], { alpha: 0.2, beta: 0.5 }), y], {});
    },
    ops: ["rearrange", "conv2d", "hard_sigmoid", "mul", "rearrange"],
  },
  "a leaky activation": {
    build: (b, x) => b.add("leaky_relu", [asMap(b, x)], { slope: 0.1 }),
    ops: CONVOLUTION,
  },
  "a depthwise convolution with strides": {
    build: (b, x) => convolved(b, x, { weights: [4, 1, 3, 3], groups: 4, strides: [2, 2] }),
    ops: ["rearrange", "depthwise_conv2d", "rearrange"],
  },
  "a depthwise convolution with several outputs per channel": {
    build: (b, x) => convolved(b, x, { weights: [8, 1, 3, 3], groups: 4 }),
    ops: ["rearrange", "gather", "depthwise_conv2d", "rearrange"],
  },
  "a convolution in groups": {
    build: (b, x) => convolved(b, x, { weights: [6, 2, 3, 3], groups: 2 }),
    ops: ["rearrange", "slice", "conv2d", "slice", "conv2d", "concat", "rearrange"],
  },
  "a convolution with dilations that differ": {
    build: (b, x) => convolved(b, x, { weights: [4, 4, 2, 3], dilations: [3, 2] }),
    ops: CONVOLUTION,
  },
  "a convolution with strides that differ": {
    build: (b, x) => convolved(b, x, { weights: [4, 4, 2, 2], strides: [1, 2] }),
    ops: ["convolution", "reshape"],
  },
  "a convolution with strides that differ, one of which moves nothing": {
    build: (b, x) => convolved(b, x, { weights: [4, 4, 5, 3], strides: [3, 2] }),
    ops: CONVOLUTION,
  },
  "a convolution whose one position down would be two at the stride to the right": {
    build: (b, x) => convolved(b, x, { weights: [4, 4, 3, 3], strides: [4, 2] }),
    ops: ["convolution", "reshape"],
  },
  "averages whose one position down would be two at the stride to the right": {
    build: (b, x) =>
      b.add("pool", [x], {
        kernel: [3, 3],
        strides: [4, 2],
        dilations: [1, 1],
        combining: "sum",
        factor: 1 / 9,
      }),
    ops: ["pool", "reshape"],
  },
  "a sum of convolutions of which one has a number for all channels": {
    build: (b, x) => b.add("add", [asMap(b, x, 4), asMap(b, x, 1)], {}),
    ops: ["rearrange", "conv2d", "conv2d", "add", "rearrange"],
  },
  "a matrix product of rows, and one number for all columns": {
    shape: [1, 4, 2],
    build: (b, x) => b.add("add", [b.add("matmul", [x, constant(b, [2, 3])], {}), constant(b, [1])], {}),
    ops: ["rearrange", "conv2d", "add", "rearrange"],
  },
  "a convolution over one axis": {
    shape: [1, 4, 11],
    build: (b, x) => convolved(b, x, { weights: [5, 4, 3], strides: [2], dilations: [2] }),
    ops: CONVOLUTION,
  },
  "a convolution of two images": {
    shape: [2, 4, 5, 5],
    build: (b, x) => convolved(b, x, { weights: [4, 4, 3, 3] }),
    ops: ["convolution", "reshape"],
  },
  "a shuffle of channels between convolutions": {
    build: (b, x) => {
      const y = b.add("reshape", [asMap(b, x, 6)], { shape: [1, 2, 3, 6, 7] });
      const shuffled = b.add("transpose", [y], { order: [0, 2, 1, 3, 4] });
      return convolved(b, b.add("reshape", [shuffled], { shape: [1, 6, 6, 7] }), { weights: [4, 6, 1, 1] });
    },
    ops: ["rearrange", "conv2d", "rearrange", "conv2d", "rearrange"],
  },
  "parts of the channels joined again": {
    build: (b, x) => {
      const y = asMap(b, x, 8);
      const part = (start: number) =>
        b.add("slice", [y], { starts: [0, start, 0, 0], steps: [1, 1, 1, 1], sizes: [1, 4, 6, 7] });
      return b.add("concat", [part(4), y, b.add("tanh", [part(0)], {})], { axis: 1 });
    },
    ops: ["rearrange", "conv2d", "slice", "slice", "tanh", "concat", "rearrange"],
  },
  "channels weighted by their averages": {
    build: (b, x) => {
      const y = asMap(b, x);
      const mean = b.add("reduce", [y], { combining: "sum", axes: [2, 3], keep: true, factor: 1 / 42 });
      return b.add("mul", [y, b.add("sigmoid", [mean], {})], {});
    },
    ops: ["rearrange", "conv2d", "mean", "sigmoid", "mul", "rearrange"],
  },
  "a softmax over the channels": {
    build: (b, x) => {
      const y = asMap(b, x);
      const along = { axes: [1], keep: true, factor: 1 };
      const powers = b.add(
        "exp",
        [b.add("sub", [y, b.add("reduce", [y], { ...along, combining: "max" })], {})],
        {},
      );
      return b.add("div", [powers, b.add("reduce", [powers], { ...along, combining: "sum" })], {});
    },
    ops: ["rearrange", "conv2d", "reduce", "sub", "exp", "reduce", "div", "rearrange"],
  },
  "the largest of padded windows, and averages": {
    build: (b, x) => {
      const window = { kernel: [3, 3], strides: [2, 2], dilations: [1, 1] };
      const most = b.add("pool", [padded(b, asMap(b, x), 1, -Infinity)], {
        ...window,
        combining: "max",
        factor: 1,
      });
      return b.add("pool", [most], { ...window, strides: [1, 1], combining: "sum", factor: 1 / 9 });
    },
    ops: ["rearrange", "conv2d", "max_pool2d", "depthwise_conv2d", "rearrange"],
  },
  "rows weighted one by one, and a constant image": {
    build: (b, x) => {
      const weighted = b.add("mul", [asMap(b, x), constant(b, [6, 1])], {});
      return b.add("add", [weighted, constant(b, [1, 4, 6, 7])], {});
    },
    ops: ["rearrange", "conv2d", "mul", "add", "rearrange"],
  },
  "pixels in a row, then channels last": {
    build: (b, x) => {
      const y = b.add("reshape", [asMap(b, x, 5)], { shape: [1, 5, 42] });
      return b.add("transpose", [b.add("concat", [y, y], { axis: 2 })], { order: [0, 2, 1] });
    },
    ops: ["rearrange", "conv2d", "rearrange", "concat", "rearrange"],
  },
  "a product with a constant matrix, and a bias": {
    shape: [1, 5, 6],
    build: (b, x) => b.add("add", [b.add("matmul", [x, constant(b, [6, 3])], {}), constant(b, [3])], {}),
    ops: ["rearrange", "conv2d", "rearrange"],
  },
  "a convolution, and a constant for each element, which is no residual": {
    build: (b, x) => b.add("add", [asMap(b, x), constant(b, [1, 4, 6, 7])], {}),
    ops: ["rearrange", "conv2d", "add", "rearrange"],
  },
  "a network that ends in a vector": {
    build: (b, x) => {
      const mean = b.add("reduce", [asMap(b, x)], {
        combining: "sum",
        axes: [2, 3],
        keep: true,
        factor: 1 / 42,
      });
      const flat = b.add("reshape", [mean], { shape: [1, 4] });
      return b.add("add", [b.add("matmul", [flat, constant(b, [4, 3])], {}), constant(b, [3])], {});
    },
    ops: ["rearrange", "conv2d", "mean", "conv2d", "reshape"],
  },
  "a reshape whose axes do not divide each other": {
    shape: [1, 6, 10],
    build: (b, x) => {
      const y = b.add("reshape", [b.add("matmul", [x, constant(b, [10, 10])], {})], { shape: [1, 4, 15] });
      return b.add("matmul", [y, constant(b, [15, 2])], {});
    },
    ops: ["rearrange", "conv2d", "reshape", "reshape", "conv2d", "rearrange"],
  },
};

function graphOf({ shape = [1, 4, 6, 7], build }: Case): Graph {
  const b = buildGraph();
  const y = build(b, b.input("x", { dtype: "f32", shape }));
  return b.finish(b.add("reshape", [y], { shape: b.typeOf(y).shape }));
}

describe("lowering to feature maps", () => {
  test.for(Object.entries(cases))("%s", ([, each]) => {
    const graph = graphOf(each);
    const [input = "", output = ""] = [graph.inputs[0], graph.outputs[0]];
    const { shape } = graph.values.get(input) ?? { shape: [] };
    const inputs = new Map([[input, { shape, data: seededFloats(3, elements(shape)) }]]);
    const lowered = runPasses(graph);
    const expected = evaluateTensors(graph, inputs).get(output);
    const received = evaluateTensors(lowered, inputs).get(output);
    expect(received?.shape).toEqual(expected?.shape);
    for (const [index, number] of (expected?.data ?? []).entries()) {
      expect(received?.data[index]).toBeCloseTo(number, 4);
    }
    expect(lowered.nodes.map(({ op }) => op)).toEqual(each.ops);
  });

  test("weights that no sum shows become zeros: subnormal products would take a hundred times as long", () => {
    const b = buildGraph();
    const weights = b.constant("weights", floats([2, 2, 1, 1], Float32Array.of(1, 1e-12, 1e-30, -0.5)));
    const x = b.input("x", { dtype: "f32", shape: [1, 2, 4, 4] });
    const y = b.add("convolution", [x, weights], { strides: [1, 1], dilations: [1, 1], groups: 1 });
    const lowered = runPasses(b.finish(b.add("reshape", [y], { shape: [1, 2, 4, 4] })));
    expect([...lowered.constants.values()].map(({ data }) => [...data])).toEqual([[1, 0, 0, -0.5]]);
  });
});
