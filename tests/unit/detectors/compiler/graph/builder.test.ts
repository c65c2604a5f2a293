import { describe, expect, test } from "vitest";
import { buildGraph } from "../../../../../detectors/compiler/graph/builder.ts";
import { floats } from "../../../../../detectors/compiler/graph/value.ts";
import { addConvolution, graphOf, pad } from "../../../../support/models/small-graphs.ts";

describe("the graph builder", () => {
  test("infers every shape by the operator's rule", () => {
    const graph = graphOf(7, 10, (b, x) => {
      const half = addConvolution(b, x, { outputs: 5, kernel: 3, stride: 2 }, 1);
      const pooled = b.add("max_pool2d", [half], { kernel: 5, stride: 1, padding: pad(2) });
      const joined = b.add("concat", [half, pooled], { axis: 2 });
      return b.add("upsample", [joined], { factor: 3 });
    });
    expect([...graph.values].map(([, { shape }]) => shape)).toEqual([
      [7, 10, 3],
      [7, 10, 3],
      [5, 3, 3, 3],
      [5],
      [4, 5, 5],
      [4, 5, 5],
      [4, 5, 10],
      [12, 15, 10],
    ]);
  });

  test("generates unused names", () => {
    const builder = buildGraph();
    const x = builder.add("normalize", [builder.image(2, 2)], { scale: 1 }, "silu_1");
    expect(builder.add("silu", [x], {})).toBe("silu_2");
  });

  test("names operator, node and types when inputs do not fit", () => {
    const builder = buildGraph();
    const x = builder.add("normalize", [builder.image(4, 4)], { scale: 1 }, "x");
    const weights = builder.constant("w", floats([8, 3, 3, 4], new Float32Array(8 * 36)));
    const attributes = { stride: 1, padding: pad(1), activation: "none" } as const;
    expect(() => builder.add("conv2d", [x, weights], attributes, "y")).toThrow(
      'conv2d "y" of f32 [4, 4, 3], f32 [8, 3, 3, 4]: weights: expected [outputs, kernelHeight, kernelWidth, 3]',
    );
    expect(() => builder.add("silu", ["nothing"], {})).toThrow('there is no value named "nothing"');
    expect(() => builder.add("silu", [x], {}, "x")).toThrow('a value named "x" exists already');
    expect(() => builder.constant("c", floats([2, 2], new Float32Array(3)))).toThrow("expected 4 elements");
  });

  test.each([
    ["a window larger than its map", { kernel: 9, stride: 1, padding: pad(0) }, /kernel of 9 does not fit/],
    ["padding as large as the window", { kernel: 2, stride: 1, padding: pad(2) }, /smaller than the kernel/],
    ["a stride of zero", { kernel: 2, stride: 0, padding: pad(0) }, /positive integers/],
  ])("rejects %s", (_, attributes, message) => {
    expect(() => graphOf(4, 4, (b, x) => b.add("max_pool2d", [x], attributes))).toThrow(message);
  });
});
