import { describe, expect, test } from "vitest";
import { calibrate } from "../../../../../detectors/compiler/calibrate/calibrate.ts";
import { buildGraph } from "../../../../../detectors/compiler/graph/builder.ts";
import type { Graph } from "../../../../../detectors/compiler/graph/graph.ts";
import { floats } from "../../../../../detectors/compiler/graph/value.ts";
import { verify } from "../../../../../detectors/compiler/graph/verify.ts";
import { evaluate } from "../../../../../detectors/compiler/ops/evaluate.ts";
import { runPasses } from "../../../../../detectors/compiler/passes/index.ts";
import { quantize } from "../../../../../detectors/compiler/quantize/quantize.ts";
import { seededBytes, seededFloats } from "../../../../support/base/seeded.ts";

const SIZE = 32;
const POINTWISE = { stride: 1, padding: { top: 0, left: 0, bottom: 0, right: 0 } };
const THREE_BY_THREE = { stride: 1, padding: { top: 1, left: 1, bottom: 1, right: 1 } };

/**
 * The structures of both model families: consecutive convolutions, a residual, a pool and a concatenation; and an operator
 * without an integer kernel (depthwise), whose output feeds a convolution with an integer residual.
 */
function network(): Graph {
  const b = buildGraph();
  const constant = (name: string, shape: readonly number[], scale: number) =>
    b.constant(
      name,
      floats(
        shape,
        seededFloats(
          name.length + shape.length,
          shape.reduce((a, c) => a * c, 1),
          scale,
        ),
      ),
    );
  const conv = (
    x: string,
    name: string,
    inputs: number,
    outputs: number,
    kernel: number,
    residual?: string,
  ) => {
    const weights = constant(
      `${name}.w`,
      [outputs, kernel, kernel, inputs],
      2 / Math.sqrt(inputs * kernel * kernel),
    );
    const bias = constant(`${name}.b`, [outputs], 0.5);
    const attributes = { ...(kernel === 3 ? THREE_BY_THREE : POINTWISE), activation: "silu" as const };
    return b.add(
      "conv2d",
      [x, weights, bias, ...(residual === undefined ? [] : [residual])],
      attributes,
      name,
    );
  };
  const pixels = b.add("normalize", [b.image(SIZE, SIZE)], { scale: 1 / 255 }, "pixels");
  const stem = conv(pixels, "stem", 3, 16, 3);
  const mixedFine = conv(stem, "mixed fine", 16, 16, 1);
  const down = b.add(
    "conv2d",
    [mixedFine, constant("down.w", [32, 3, 3, 16], 0.2), constant("down.b", [32], 0.5)],
    { stride: 2, padding: THREE_BY_THREE.padding, activation: "silu" },
    "down",
  );
  const further = b.add(
    "conv2d",
    [down, constant("further.w", [32, 3, 3, 32], 0.15), constant("further.b", [32], 0.5)],
    { stride: 2, padding: THREE_BY_THREE.padding, activation: "silu" },
    "further",
  );
  const coarse = b.add(
    "max_pool2d",
    [further],
    { kernel: 2, stride: 2, padding: POINTWISE.padding },
    "coarse",
  );
  const inner = conv(coarse, "inner", 32, 32, 3, coarse);
  const joined = b.add("concat", [inner, coarse], { axis: 2 }, "joined");
  const mixed = conv(joined, "mixed", 64, 32, 1);
  const deep = b.add(
    "depthwise_conv2d",
    [mixed, constant("deep.w", [3, 3, 32], 0.3)],
    { ...THREE_BY_THREE, activation: "none" },
    "deep",
  );
  const last = conv(deep, "last", 32, 32, 1, inner);
  return b.finish(b.add("sigmoid", [last], {}, "answer"));
}

describe("quantize", async () => {
  const floats = runPasses(network());
  const image = seededBytes(3, SIZE * SIZE * 3);
  const { ranges } = await calibrate(floats, [image]);
  const expected = evaluate(floats, image).get("answer")?.data ?? new Float32Array();
  const worst = (graph: Graph) => {
    const received = evaluate(graph, image).get("answer")?.data ?? new Float32Array();
    expect(received.length).toBe(expected.length);
    return Math.max(...Array.from(received, (value, at) => Math.abs(value - (expected[at] ?? Number.NaN))));
  };
  const dtypes = (graph: Graph) =>
    Object.fromEntries([...graph.values].map(([name, { dtype }]) => [name, dtype]));

  test("i16 quantizes maps between convolutions and leaves the others as floats", () => {
    const graph = quantize(floats, { precision: "i16", ranges });
    verify(graph);
    expect(dtypes(graph)).toMatchObject({
      stem: "i16",
      down: "i16",
      coarse: "i16",
      inner: "i16",
      joined: "i16",
    });
    // The depthwise convolution reads mixed and computes deep; a sigmoid reads last.
    expect(dtypes(graph)).toMatchObject({ mixed: "f32", deep: "f32", last: "f32" });
    expect(worst(graph)).toBeLessThan(2e-3);
  });

  test("i8 keeps fine maps that a 1×1 reads in 16 bits, and uses one type for all maps of a concatenation", () => {
    const graph = quantize(floats, { precision: "i8", ranges });
    verify(graph);
    expect(dtypes(graph)).toMatchObject({
      stem: "i16",
      "mixed fine": "u7",
      down: "u7",
      further: "u7",
      coarse: "u7",
      joined: "u7",
    });
    expect(worst(graph)).toBeLessThan(0.1);
  });

  test("no sum of i16 products can overflow an i32", () => {
    const graph = quantize(floats, { precision: "i16", ranges });
    for (const node of graph.nodes) {
      if (node.op !== "quantized_conv2d" || graph.values.get(node.inputs[0] ?? "")?.dtype !== "i16") continue;
      const weights = graph.constants.get(node.inputs[1] ?? "");
      const [outputs = 1] = weights?.shape ?? [];
      const taps = (weights?.data.length ?? 0) / outputs;
      for (let output = 0; output < outputs; output++) {
        const sum = Array.from(weights?.data ?? [])
          .slice(output * taps, (output + 1) * taps)
          .reduce((a, w) => a + Math.abs(w), 0);
        expect((sum ?? Number.POSITIVE_INFINITY) * 16_383).toBeLessThan(2 ** 31);
      }
    }
  });
});
