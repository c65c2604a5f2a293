import { describe, expect, test } from "vitest";
import { memoryRequest } from "../../../../../detectors/compiler/emit.ts";
import type { GraphBuilder } from "../../../../../detectors/compiler/graph/builder.ts";
import type { Graph } from "../../../../../detectors/compiler/graph/graph.ts";
import { verify } from "../../../../../detectors/compiler/graph/verify.ts";
import { planMemory } from "../../../../../detectors/compiler/memory/plan.ts";
import { evaluate } from "../../../../../detectors/compiler/ops/evaluate.ts";
import { fuseScale } from "../../../../../detectors/compiler/passes/fuse-scale.ts";
import { removeDead } from "../../../../../detectors/compiler/passes/remove-dead.ts";
import { splitWidest } from "../../../../../detectors/compiler/passes/split-widest.ts";
import { seededBytes, seededFloats } from "../../../../support/base/seeded.ts";
import { addConvolution, graphOf, pad } from "../../../../support/small-graphs.ts";

/** 200 × 216 × 64 numbers are more than 2²¹, and fewer than twice as many. */
const [HEIGHT, WIDTH, CHANNELS] = [200, 216, 64];

/** Wide, as MobileNet has it: expanded, scaled by a batch norm, looked at channel by channel, and made narrow again. */
function addWide(builder: GraphBuilder, x: string, channels: number): { wide: string; end: string } {
  const expanded = addConvolution(builder, x, { outputs: channels }, 1);
  const factor = builder.constant("factor", [channels], seededFloats(5, channels));
  const wide = builder.add("mul", [expanded, factor], {});
  const weights = builder.constant("kernels", [3, 3, channels], seededFloats(9, 9 * channels));
  const bias = builder.constant("bias", [channels], seededFloats(10, channels));
  const attributes = { stride: 2, padding: pad(1), activation: "relu" } as const;
  const seen = builder.add("depthwise_conv2d", [wide, weights, bias], attributes);
  return { wide, end: addConvolution(builder, seen, { outputs: 4 }, 2) };
}

function wideGraph(channels: number = CHANNELS): Graph {
  return fuseScale(graphOf(HEIGHT, WIDTH, (builder, x) => addWide(builder, x, channels).end));
}

const operators = ({ nodes }: Graph): string[] => nodes.map(({ op }) => op);

describe("a feature map that is very large", () => {
  const graph = wideGraph();
  const split = removeDead(splitWidest(graph, []));

  test("is made and read in parts, that compute the same", () => {
    verify(split);
    const pair = ["conv2d", "depthwise_conv2d"];
    expect(operators(split)).toEqual(["normalize", ...pair, ...pair, "concat", "conv2d"]);
    const picture = seededBytes(3, HEIGHT * WIDTH * 3);
    const [before, after] = [graph, split].map((one) => evaluate(one, picture).get(one.output));
    expect(after?.data).toEqual(before?.data);
  });

  test("takes half the memory", () => {
    const arena = (one: Graph) => planMemory(one, memoryRequest(one, [])).endAddress;
    const wideBytes = HEIGHT * WIDTH * CHANNELS * 4;
    expect(arena(graph)).toBeGreaterThan(wideBytes);
    expect(arena(split)).toBeLessThan(arena(graph) - 0.4 * wideBytes);
  });

  test("keeps what its weights are the product of", () => {
    const parts = split.nodes.filter(({ op }) => op === "conv2d").slice(0, 2);
    for (const { inputs } of parts) {
      const { data, product } = split.constants.get(inputs[1] ?? "") ?? {};
      const each = (data?.length ?? 0) / (product?.perOutput.length ?? 1);
      const expected = product?.numbers.map(
        (number, at) => number * (product.perOutput[Math.floor(at / each)] ?? 0),
      );
      expect(data).toEqual(expected);
    }
  });
});

describe("is left as it is", () => {
  test("what is small enough", () => {
    const graph = wideGraph(CHANNELS / 2);
    expect(splitWidest(graph, [])).toBe(graph);
  });

  test("what somebody wants to look at", () => {
    const graph = wideGraph();
    const [, expansion] = graph.nodes;
    expect(splitWidest(graph, [expansion?.output ?? ""])).toBe(graph);
  });

  test("what somebody else reads too", () => {
    const graph = fuseScale(
      graphOf(HEIGHT, WIDTH, (builder, x) => {
        const { wide, end } = addWide(builder, x, CHANNELS);
        const small = addConvolution(builder, wide, { outputs: 4, stride: 2 }, 3);
        return builder.add("add", [end, small], {});
      }),
    );
    expect(splitWidest(graph, [])).toBe(graph);
  });

  test("what cannot be parted into whole blocks of eight channels", () => {
    const graph = wideGraph(CHANNELS + 4);
    expect(splitWidest(graph, [])).toBe(graph);
  });
});
