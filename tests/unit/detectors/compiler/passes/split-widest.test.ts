import { describe, expect, test } from "vitest";
import { memoryRequest } from "../../../../../detectors/compiler/emit.ts";
import type { GraphBuilder } from "../../../../../detectors/compiler/graph/builder.ts";
import type { Graph } from "../../../../../detectors/compiler/graph/graph.ts";
import { floats } from "../../../../../detectors/compiler/graph/value.ts";
import { verify } from "../../../../../detectors/compiler/graph/verify.ts";
import { planMemory } from "../../../../../detectors/compiler/memory/plan.ts";
import { evaluate } from "../../../../../detectors/compiler/ops/evaluate.ts";
import { fuseScale } from "../../../../../detectors/compiler/passes/fuse-scale.ts";
import { removeDead } from "../../../../../detectors/compiler/passes/remove-dead.ts";
import { splitWidest } from "../../../../../detectors/compiler/passes/split-widest.ts";
import { seededBytes, seededFloats } from "../../../../support/base/seeded.ts";
import { addConvolution, graphOf, pad } from "../../../../support/models/small-graphs.ts";

/** 200 × 216 × 64 numbers: between 2²¹ and 2²². */
const [HEIGHT, WIDTH, CHANNELS] = [200, 216, 64];

/** An inverted residual as in MobileNet: expansion, batch norm, depthwise convolution, projection. */
function addWide(builder: GraphBuilder, x: string, channels: number): { wide: string; end: string } {
  const expanded = addConvolution(builder, x, { outputs: channels }, 1);
  const factor = builder.constant("factor", floats([channels], seededFloats(5, channels)));
  const wide = builder.add("mul", [expanded, factor], {});
  const weights = builder.constant("kernels", floats([3, 3, channels], seededFloats(9, 9 * channels)));
  const bias = builder.constant("bias", floats([channels], seededFloats(10, channels)));
  const attributes = { stride: 2, padding: pad(1), activation: "relu" } as const;
  const filtered = builder.add("depthwise_conv2d", [wide, weights, bias], attributes);
  return { wide, end: addConvolution(builder, filtered, { outputs: 4 }, 2) };
}

function wideGraph(channels: number = CHANNELS): Graph {
  return fuseScale(graphOf(HEIGHT, WIDTH, (builder, x) => addWide(builder, x, channels).end));
}

const operators = ({ nodes }: Graph): string[] => nodes.map(({ op }) => op);

describe("a very large feature map", () => {
  const graph = wideGraph();
  const split = removeDead(splitWidest(graph, []));

  test("is computed in parts with the same result", () => {
    verify(split);
    const pair = ["conv2d", "depthwise_conv2d"];
    expect(operators(split)).toEqual(["normalize", ...pair, ...pair, "concat", "conv2d"]);
    const image = seededBytes(3, HEIGHT * WIDTH * 3);
    const [before, after] = [graph, split].map((one) => evaluate(one, image).get(one.outputs[0] ?? ""));
    expect(after?.data).toEqual(before?.data);
  });

  test("takes half the memory", () => {
    const arena = (one: Graph) => planMemory(one, memoryRequest(one, [])).endAddress;
    const wideBytes = HEIGHT * WIDTH * CHANNELS * 4;
    expect(arena(graph)).toBeGreaterThan(wideBytes);
    expect(arena(split)).toBeLessThan(arena(graph) - 0.4 * wideBytes);
  });

  test("keeps the products of its weights", () => {
    const parts = split.nodes.filter(({ op }) => op === "conv2d").slice(0, 2);
    for (const { inputs } of parts) {
      const constant = split.constants.get(inputs[1] ?? "");
      const { data, product } = constant?.dtype === "f32" ? constant : {};
      const each = (data?.length ?? 0) / (product?.perOutput.length ?? 1);
      const expected = product?.numbers.map(
        (number, at) => number * (product.perOutput[Math.floor(at / each)] ?? 0),
      );
      expect(data).toEqual(expected);
    }
  });
});

describe("splitWidest does not split", () => {
  test("a map that is small enough", () => {
    const graph = wideGraph(CHANNELS / 2);
    expect(splitWidest(graph, [])).toBe(graph);
  });

  test("a value that must stay readable", () => {
    const graph = wideGraph();
    const [, expansion] = graph.nodes;
    expect(splitWidest(graph, [expansion?.output ?? ""])).toBe(graph);
  });

  test("a map with a second reader", () => {
    const graph = fuseScale(
      graphOf(HEIGHT, WIDTH, (builder, x) => {
        const { wide, end } = addWide(builder, x, CHANNELS);
        const small = addConvolution(builder, wide, { outputs: 4, stride: 2 }, 3);
        return builder.add("add", [end, small], {});
      }),
    );
    expect(splitWidest(graph, [])).toBe(graph);
  });

  test("channels that do not divide into blocks of eight", () => {
    const graph = wideGraph(CHANNELS + 4);
    expect(splitWidest(graph, [])).toBe(graph);
  });
});
