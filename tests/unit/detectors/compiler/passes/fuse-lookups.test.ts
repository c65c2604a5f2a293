import { expect, test } from "vitest";
import { buildGraph } from "../../../../../detectors/compiler/graph/builder.ts";
import type { Graph } from "../../../../../detectors/compiler/graph/graph.ts";
import { evaluateTensors } from "../../../../../detectors/compiler/ops/evaluate.ts";
import { lookupTable } from "../../../../../detectors/compiler/ops/fixed-point/elementwise.ts";
import { affineOf } from "../../../../../detectors/compiler/ops/fixed-point/quantized.ts";
import { fuseLookups } from "../../../../../detectors/compiler/passes/fuse-lookups.ts";

const INPUT = { scale: Math.fround(0.1), zero: -5 };
const HALF = { dtype: "i8", scale: 1 / 256, zero: -128, least: -128, most: 127 } as const;
const OUTPUT = { dtype: "i8", scale: Math.fround(0.05), zero: 3, least: -100, most: 127 } as const;
const x = { shape: [256], data: Int8Array.from({ length: 256 }, (_, index) => index - 128) };

/** x · f(x), x + f(x) or f(f(x)) of a table f. */
function graphOf(last: "fixed_product" | "fixed_sum" | "lookup"): Graph {
  const builder = buildGraph();
  const input = builder.input("x", { dtype: "i8", shape: [256], affine: affineOf(INPUT) });
  const table = lookupTable("i8", HALF, (value) => Math.abs(value) - 60);
  const { dtype, scale, zero } = HALF;
  const inner = builder.add("lookup", [input], { input: INPUT, output: { dtype, scale, zero }, table }, "f");
  const own = { scale, zero };
  const y =
    last === "lookup"
      ? builder.add("lookup", [inner], { input: own, output: { dtype, scale, zero }, table }, "y")
      : last === "fixed_sum"
        ? builder.add(last, [inner, input], { a: own, b: INPUT, sign: -1, output: OUTPUT }, "y")
        : builder.add(last, [input, inner], { a: INPUT, b: own, output: OUTPUT }, "y");
  return builder.finish(y);
}

test.each(["fixed_product", "fixed_sum", "lookup"] as const)("%s of a byte becomes one table", (last) => {
  const graph = graphOf(last);
  const fused = fuseLookups(graph);
  expect(fused.nodes.map(({ op }) => op)).toEqual(["lookup"]);
  const inputs = new Map([["x", x]]);
  expect(evaluateTensors(fused, inputs).get("y")).toEqual(evaluateTensors(graph, inputs).get("y"));
  expect(fused.values.get("y")).toEqual(graph.values.get("y"));
});

test("a table that something else reads stays", () => {
  const graph = graphOf("fixed_product");
  const fused = fuseLookups({ ...graph, outputs: ["y", "f"] });
  expect(fused.nodes.map(({ output }) => output)).toEqual(["f", "y"]);
});

test("a product of two different values stays a product", () => {
  const builder = buildGraph();
  const type = { dtype: "i8", shape: [4], affine: affineOf(INPUT) } as const;
  const [a, b] = [builder.input("a", type), builder.input("b", type)];
  const graph = builder.finish(builder.add("fixed_product", [a, b], { a: INPUT, b: INPUT, output: OUTPUT }));
  expect(fuseLookups(graph).nodes.map(({ op }) => op)).toEqual(["fixed_product"]);
});
