import { expect, test } from "vitest";
import { buildGraph } from "../../../../../detectors/compiler/graph/builder.ts";
import { floats } from "../../../../../detectors/compiler/graph/value.ts";
import { foldConstants } from "../../../../../detectors/compiler/passes/fold-constants.ts";

test("constants are computed at compile time until that takes too much work; the rest is computed at run time", () => {
  const builder = buildGraph();
  const x = builder.input("x", { dtype: "f32", shape: [] });
  const size = 2 ** 21;
  const ones = builder.constant("ones", floats([size], new Float32Array(size).fill(1)));
  // Each sum takes as much work as one node may; five of them take more than all may.
  const sums = Array.from({ length: 5 }, () =>
    builder.add("reduce", [ones], { combining: "sum", axes: [0], keep: false, factor: 1 / size }),
  );
  const y = sums.reduce((value, sum) => builder.add("add", [value, sum], {}), x);
  const folded = foldConstants(builder.finish(y));
  expect(sums.map((sum) => folded.constants.get(sum)?.data[0])).toEqual([1, 1, 1, 1, undefined]);
  expect(folded.nodes.map(({ op }) => op)).toEqual(["reduce", "add", "add", "add", "add", "add"]);
});
