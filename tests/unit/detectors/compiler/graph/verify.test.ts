import { describe, expect, test } from "vitest";
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
});
