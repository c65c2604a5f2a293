import { describe, expect, test } from "vitest";
import type { GraphBuilder } from "../../../../../detectors/compiler/graph/builder.ts";
import type { Graph, Node } from "../../../../../detectors/compiler/graph/graph.ts";
import { floats } from "../../../../../detectors/compiler/graph/value.ts";
import { verify } from "../../../../../detectors/compiler/graph/verify.ts";
import { evaluate } from "../../../../../detectors/compiler/ops/evaluate.ts";
import { passes, runPasses } from "../../../../../detectors/compiler/passes/index.ts";
import { seededBytes, seededFloats } from "../../../../support/base/seeded.ts";
import { addC3, addConvolution, addConvSilu, graphOf, pad } from "../../../../support/models/small-graphs.ts";

const HEIGHT = 6;
const WIDTH = 5;

function vector(builder: GraphBuilder, name: string, channels: number, seed: number): string {
  return builder.constant(name, floats([channels], seededFloats(seed, channels)));
}

function repeated(builder: GraphBuilder, name: string, channels: number, value: number): string {
  return builder.constant(name, floats([channels], new Float32Array(channels).fill(value)));
}

/** relu6(x + 3), as in model files. */
function addGate(builder: GraphBuilder, x: string, channels: number): string {
  return builder.add("relu6", [builder.add("add", [x, repeated(builder, "three", channels, 3)], {})], {});
}

function addDepthwise(builder: GraphBuilder, x: string, channels: number, bias = true): string {
  const weights = builder.constant(
    "depthwise.weights",
    floats([3, 3, channels], seededFloats(9, 9 * channels)),
  );
  const inputs = [x, weights, ...(bias ? [vector(builder, "depthwise.bias", channels, 10)] : [])];
  return builder.add("depthwise_conv2d", inputs, { stride: 1, padding: pad(1), activation: "none" });
}

/** Graphs that a pass changes, or must not change. */
const graphs: Record<string, (builder: GraphBuilder, x: string) => string> = {
  "a C3 block": (b, x) => addC3(b, addConvSilu(b, x, { outputs: 8, kernel: 3 }, 1), 8, 10),
  "two bottlenecks in a row": (b, x) => {
    let y = addConvSilu(b, x, { outputs: 6 }, 1);
    for (const seed of [10, 20]) {
      const inner = addConvSilu(b, y, { outputs: 6 }, seed);
      y = b.add("add", [y, addConvSilu(b, inner, { outputs: 6, kernel: 3 }, seed + 1)], {});
    }
    return y;
  },
  "a batch norm as factor and addend": (b, x) => {
    const y = addConvolution(b, x, { outputs: 4, kernel: 3, bias: false }, 1);
    const scaled = b.add("mul", [y, vector(b, "factor", 4, 2)], {});
    const z = b.add("add", [scaled, vector(b, "addend", 4, 3)], {});
    return b.add("mul", [b.add("sigmoid", [z], {}), z], {});
  },
  "a batch norm behind a convolution with a bias": (b, x) => {
    const y = addConvolution(b, x, { outputs: 4 }, 1);
    const scaled = b.add("mul", [y, vector(b, "factor", 4, 2)], {});
    return b.add("add", [scaled, vector(b, "addend", 4, 3)], {});
  },
  "a sum of two convolutions": (b, x) =>
    b.add(
      "add",
      [addConvolution(b, x, { outputs: 4 }, 1), addConvolution(b, x, { outputs: 4, bias: false }, 2)],
      {},
    ),
  "a sum of a value with itself": (b, x) => {
    const y = addConvolution(b, x, { outputs: 4 }, 1);
    return b.add("add", [y, y], {});
  },
  "a convolution with a second reader before its activation": (b, x) => {
    const y = addConvolution(b, x, { outputs: 4 }, 1);
    return b.add("concat", [b.add("silu", [y], {}), y], { axis: 2 });
  },
  "a scaled convolution with a second reader before its scale": (b, x) => {
    const y = addConvolution(b, x, { outputs: 4 }, 1);
    return b.add("concat", [b.add("mul", [y, vector(b, "factor", 4, 2)], {}), y], { axis: 2 });
  },
  "a sigmoid that is used twice": (b, x) => {
    const gate = b.add("sigmoid", [x], {});
    return b.add("concat", [b.add("mul", [x, gate], {}), gate], { axis: 2 });
  },
  "sums of constants": (b, x) => {
    const a = b.add("add", [vector(b, "a", 3, 1), vector(b, "b", 3, 2)], {});
    return b.add("mul", [x, b.add("sigmoid", [a], {})], {});
  },
  "a hard swish whose factor comes first": (b, x) => {
    const y = addConvolution(b, x, { outputs: 4 }, 1);
    const half = b.add("mul", [y, repeated(b, "slope", 4, 1 / 6)], {});
    return b.add("mul", [half, addGate(b, y, 4)], {});
  },
  "a hard swish whose factor is in the gate": (b, x) => {
    const y = addConvolution(b, x, { outputs: 4 }, 1);
    const gate = b.add("mul", [addGate(b, y, 4), repeated(b, "slope", 4, 1 / 6)], {});
    return b.add("mul", [y, gate], {});
  },
  "a hard swish whose factor comes last": (b, x) => {
    const y = addConvolution(b, x, { outputs: 4 }, 1);
    return b.add("mul", [b.add("mul", [addGate(b, y, 4), y], {}), repeated(b, "slope", 4, 1 / 6)], {});
  },
  "a hard swish without a factor behind a depthwise convolution": (b, x) => {
    const y = addDepthwise(b, x, 3);
    return b.add("mul", [y, addGate(b, y, 3)], {});
  },
  "not quite a hard swish: the factors are different values": (b, x) => {
    const y = addConvolution(b, x, { outputs: 4 }, 1);
    const z = addConvolution(b, x, { outputs: 4 }, 2);
    return b.add("mul", [b.add("mul", [z, repeated(b, "slope", 4, 1 / 6)], {}), addGate(b, y, 4)], {});
  },
  "not quite a hard swish: the slope differs by channel": (b, x) => {
    const y = addConvolution(b, x, { outputs: 4 }, 1);
    return b.add("mul", [b.add("mul", [y, vector(b, "slope", 4, 3)], {}), addGate(b, y, 4)], {});
  },
  "not quite a hard swish: x is squared": (b, x) => {
    const y = addConvolution(b, x, { outputs: 4 }, 1);
    return b.add("mul", [b.add("mul", [y, y], {}), addGate(b, y, 4)], {});
  },
  "a hard swish whose gate has a second reader": (b, x) => {
    const y = addConvolution(b, x, { outputs: 4 }, 1);
    const gate = addGate(b, y, 4);
    return b.add("concat", [b.add("mul", [y, gate], {}), gate], { axis: 2 });
  },
  "a depthwise convolution, addend and ReLU": (b, x) => {
    const y = b.add("add", [addDepthwise(b, x, 3, false), vector(b, "addend", 3, 4)], {});
    return b.add("relu", [y], {});
  },
  "a depthwise convolution with a factor, and a sum": (b, x) => {
    const y = b.add("mul", [addDepthwise(b, x, 3), vector(b, "factor", 3, 4)], {});
    return b.add("add", [y, x], {});
  },
  "a depthwise convolution in a sum": (b, x) => b.add("add", [x, addDepthwise(b, x, 3)], {}),
  "ReLU6 behind a convolution": (b, x) =>
    b.add("relu6", [addConvolution(b, x, { outputs: 4, kernel: 3 }, 1)], {}),
  "unused values": (b, x) => {
    addConvSilu(b, x, { outputs: 4 }, 1);
    vector(b, "unused", 7, 2);
    return b.add("upsample", [b.add("max_pool2d", [x], { kernel: 3, stride: 2, padding: pad(1) })], {
      factor: 2,
    });
  },
};

function outputOf(graph: Graph): readonly number[] {
  return [...(evaluate(graph, seededBytes(7, HEIGHT * WIDTH * 3)).get(graph.outputs[0] ?? "")?.data ?? [])];
}

function expectSameNumbers(actual: readonly number[], expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  expect(Math.max(...actual.map((value, i) => Math.abs(value - (expected[i] ?? Number.NaN))))).toBeLessThan(
    1e-5,
  );
}

function operatorsOf(graph: Graph): string[] {
  return graph.nodes.map(({ op }) => op);
}

function only<K extends Node["op"]>(graph: Graph, op: K): Extract<Node, { op: K }>[] {
  return graph.nodes.filter((node): node is Extract<Node, { op: K }> => node.op === op);
}

describe.each(Object.entries(graphs))("%s", (_, body) => {
  const graph = graphOf(HEIGHT, WIDTH, body);

  test.each(passes)("computes the same after $name alone", ({ run }) => {
    const after = run(graph, []);
    verify(after);
    expectSameNumbers(outputOf(after), outputOf(graph));
  });

  test("computes the same after all passes", () => {
    expectSameNumbers(outputOf(runPasses(graph)), outputOf(graph));
  });

  test("is not changed by the passes, which return a new graph", () => {
    const before = JSON.stringify([graph.nodes, [...graph.values], [...graph.constants.keys()]]);
    runPasses(graph);
    expect(JSON.stringify([graph.nodes, [...graph.values], [...graph.constants.keys()]])).toBe(before);
  });
});

describe("the result of the passes", () => {
  const optimized = (name: keyof typeof graphs): Graph => {
    const body = graphs[name];
    if (!body) throw new Error(`no graph "${name}"`);
    return runPasses(graphOf(HEIGHT, WIDTH, body));
  };

  test("a C3 block becomes convolutions and one concat, with the bottleneck's sum in the second convolution", () => {
    const graph = optimized("a C3 block");
    expect(operatorsOf(graph).toSorted()).toEqual(["concat", ...Array(6).fill("conv2d"), "normalize"]);
    const convolutions = only(graph, "conv2d");
    expect(convolutions.map(({ attributes }) => attributes.activation)).toEqual(Array(6).fill("silu"));
    const [residual, ...others] = convolutions.filter(({ inputs }) => inputs.length === 4);
    expect(others).toEqual([]);
    expect(graph.constants.get(residual?.inputs[1] ?? "")?.shape).toEqual([4, 3, 3, 4]);
    expect(graph.nodes.find(({ output }) => output === residual?.inputs[3])?.op).toBe("conv2d");
  });

  test("a batch norm is folded into weights and bias", () => {
    const graph = optimized("a batch norm as factor and addend");
    expect(operatorsOf(graph)).toEqual(["normalize", "conv2d"]);
    expect(graph.constants.size).toBe(2);
  });

  test("a convolution with a residual but no bias gets a bias of zeros", () => {
    const graph = optimized("a sum of two convolutions");
    expect(operatorsOf(graph)).toEqual(["normalize", "conv2d", "conv2d"]);
    const [, fused] = only(graph, "conv2d");
    expect([...(graph.constants.get(fused?.inputs[2] ?? "")?.data ?? [])]).toEqual([0, 0, 0, 0]);
  });

  test.each([
    "a hard swish whose factor comes first",
    "a hard swish whose factor is in the gate",
    "a hard swish whose factor comes last",
  ])("%s is fused into its convolution", (name) => {
    const graph = optimized(name);
    expect(operatorsOf(graph)).toEqual(["normalize", "conv2d"]);
    const [convolution] = only(graph, "conv2d");
    const activation = convolution?.attributes.activation;
    expect(activation).toEqual({ hardSwish: expect.closeTo(1 / 6, 6) });
  });

  test("a product that is not quite a hard swish is not replaced", () => {
    for (const name of Object.keys(graphs).filter((name) => name.startsWith("not quite"))) {
      const graph = optimized(name);
      expect(operatorsOf(graph), name).toContain("mul");
      expect(operatorsOf(graph), name).not.toContain("hard_swish");
    }
    expect(operatorsOf(optimized("a hard swish whose gate has a second reader"))).toContain("relu6");
  });

  test("a depthwise convolution absorbs bias and activation, but no factor and no residual", () => {
    expect(operatorsOf(optimized("a depthwise convolution, addend and ReLU"))).toEqual([
      "normalize",
      "depthwise_conv2d",
    ]);
    const [swish] = only(
      optimized("a hard swish without a factor behind a depthwise convolution"),
      "depthwise_conv2d",
    );
    expect(swish?.attributes.activation).toEqual({ hardSwish: 1 });
    expect(operatorsOf(optimized("a depthwise convolution with a factor, and a sum"))).toEqual([
      "normalize",
      "depthwise_conv2d",
      "mul",
      "add",
    ]);
    expect(operatorsOf(optimized("a depthwise convolution in a sum"))).toContain("add");
  });

  test("a value with a second reader stays", () => {
    expect(operatorsOf(optimized("a convolution with a second reader before its activation"))).toContain(
      "silu",
    );
    expect(operatorsOf(optimized("a scaled convolution with a second reader before its scale"))).toContain(
      "mul",
    );
    expect(operatorsOf(optimized("a sigmoid that is used twice"))).toEqual([
      "normalize",
      "sigmoid",
      "silu",
      "concat",
    ]);
  });

  test("nodes that depend only on constants are folded", () => {
    expect(operatorsOf(optimized("sums of constants"))).toEqual(["normalize", "mul"]);
  });

  test("unused nodes and constants are removed", () => {
    const graph = optimized("unused values");
    expect(operatorsOf(graph)).toEqual(["normalize", "max_pool2d", "upsample"]);
    expect(graph.constants.size).toBe(0);
  });
});

describe("the list of passes", () => {
  test("reports every stage, starting with the imported graph", () => {
    const stages: string[] = [];
    runPasses(
      graphOf(2, 2, (_, x) => x),
      (name) => stages.push(name),
    );
    expect(stages).toEqual(["import", ...passes.map(({ name }) => name)]);
  });

  test("names the stage after which a graph is invalid", () => {
    const graph = graphOf(2, 2, (_, x) => x);
    expect(() => runPasses({ ...graph, outputs: ["nowhere"] })).toThrow(
      /after "import".*\n.*no node computes the output "nowhere"/,
    );
  });
});
