import { describe, expect, test } from "vitest";
import { buildGraph } from "../../../../../detectors/compiler/graph/builder.ts";
import type { Graph } from "../../../../../detectors/compiler/graph/graph.ts";
import { floats } from "../../../../../detectors/compiler/graph/value.ts";
import { verify } from "../../../../../detectors/compiler/graph/verify.ts";
import { addConvSilu, graphOf } from "../../../../support/models/small-graphs.ts";

const good = graphOf(4, 6, (b, x) => addConvSilu(b, x, { outputs: 2 }, 1));

function withValue(graph: Graph, name: string, shape: readonly number[]): Graph {
  return { ...graph, values: new Map(graph.values).set(name, { dtype: "f32", shape }) };
}

describe("verify", () => {
  test("accepts a graph from the builder", () => {
    expect(() => verify(good)).not.toThrow();
  });

  test.each<[string, Graph, RegExp]>([
    [
      "a use before the value is computed",
      { ...good, nodes: good.nodes.toReversed() },
      /before it is computed/,
    ],
    ["a value that no node computes", { ...good, nodes: good.nodes.slice(1) }, /which no node computes/],
    [
      "a value computed twice",
      { ...good, nodes: [...good.nodes, ...good.nodes.slice(-1)] },
      /makes a value that exists already/,
    ],
    [
      "an output that no node computes",
      { ...good, outputs: ["elsewhere"] },
      /no node computes the output "elsewhere"/,
    ],
    ["an input without a type", { ...good, inputs: ["elsewhere"] }, /the input "elsewhere" has no type/],
    ["a graph without outputs", { ...good, outputs: [] }, /there is no output/],
    [
      "a shape that differs from the operator's",
      withValue(good, good.outputs[0] ?? "", [4, 6, 3]),
      /makes f32 \[4, 6, 2\], but its type says f32 \[4, 6, 3\]/,
    ],
    ["a type without a value", withValue(good, "ghost", [1]), /"ghost" has a type, but no node computes it/],
    [
      "a constant of the wrong length",
      { ...good, constants: new Map(good.constants).set("b1", floats([2], new Float32Array(3))) },
      /constant "b1" of \[2\] has 3 elements, expected 2/,
    ],
    [
      "a constant with another type",
      { ...good, constants: new Map(good.constants).set("b1", floats([1, 2], new Float32Array(2))) },
      /constant "b1" is f32 \[1, 2\], but its type says f32 \[2\]/,
    ],
    [
      "a constant whose numbers have another type",
      {
        ...good,
        constants: new Map(good.constants).set("b1", { dtype: "i8", shape: [2], data: new Int16Array(2) }),
      },
      /constant "b1" of i8 has numbers of another type/,
    ],
  ])("finds %s", (_, graph, message) => {
    expect(() => verify(graph)).toThrow(message);
  });

  test("lists all problems at once", () => {
    const bad = withValue({ ...good, outputs: ["elsewhere"] }, "ghost", [1]);
    expect(() => verify(bad)).toThrow(/breaks 2 rule\(s\):\n.*elsewhere.*\n.*ghost/);
  });

  test("compares the scale and zero point of a quantized map with those of its reader", () => {
    const floats2 = (...numbers: number[]) => Float32Array.from(numbers);
    const affine = { scale: floats2(0.5, 0.25), zero: floats2(3, 4) };
    const quantizedOf = (zero: Float32Array): Graph => {
      const builder = buildGraph();
      const x = builder.input("x", { dtype: "u7", shape: [2, 2, 2], affine });
      const weights = builder.constant("weights", {
        dtype: "i8",
        shape: [1, 1, 1, 2],
        data: new Int8Array(2),
      });
      const bias = builder.constant("bias", floats([1], floats2(0)));
      const padding = { top: 0, left: 0, bottom: 0, right: 0 };
      const multiplier = floats2(1);
      const quantization = {
        silu: "fine",
        inputZero: zero,
        multiplier,
        residual: undefined,
        output: undefined,
      } as const;
      const attributes = { stride: 1, padding, activation: "none", quantization } as const;
      return builder.finish(builder.add("quantized_conv2d", [x, weights, bias], attributes));
    };
    expect(() => verify(quantizedOf(affine.zero))).not.toThrow();
    expect(() => quantizedOf(floats2(3, 5))).toThrow(
      /inputZero: the map has another zero than it is read with/,
    );
  });

  test("finds a quantized map that is read as plain numbers", () => {
    const builder = buildGraph();
    const affine = { scale: new Float32Array(3).fill(0.5), zero: new Float32Array(3) };
    const x = builder.input("x", { dtype: "i16", shape: [1, 1, 3], affine });
    const graph = builder.finish(builder.add("neg", [x], {}, "y"));
    expect(() => verify(graph)).toThrow(/neg "y" reads the quantized map "x" as plain numbers/);
  });
});
