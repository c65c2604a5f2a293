import { expect, test } from "vitest";
import { buildGraph } from "../../../../../detectors/compiler/graph/builder.ts";
import type { Graph } from "../../../../../detectors/compiler/graph/graph.ts";
import { floats } from "../../../../../detectors/compiler/graph/value.ts";
import { verify } from "../../../../../detectors/compiler/graph/verify.ts";
import { evaluate } from "../../../../../detectors/compiler/ops/evaluate.ts";
import { removeDead } from "../../../../../detectors/compiler/passes/remove-dead.ts";
import { stemTo3x3 } from "../../../../../detectors/compiler/passes/stem-to-3x3.ts";
import { seededBytes, seededFloats } from "../../../../support/base/seeded.ts";
import { pad } from "../../../../support/models/small-graphs.ts";

function stem(kernel: number, stride: number, padding: number, width = 12): Graph {
  const builder = buildGraph();
  const pixels = builder.add("normalize", [builder.image(8, width)], { scale: 1 / 255 });
  const weights = builder.constant(
    "w",
    floats([8, kernel, kernel, 3], seededFloats(1, 8 * kernel * kernel * 3)),
  );
  const bias = builder.constant("b", floats([8], seededFloats(2, 8)));
  const attributes = { stride, padding: pad(padding), activation: "silu" } as const;
  return builder.finish(builder.add("conv2d", [pixels, weights, bias], attributes, "y"));
}

test("YOLOv5's stem becomes space_to_depth and a 3×3 with the same result", () => {
  const graph = stem(6, 2, 2);
  const rewritten = removeDead(stemTo3x3(graph));
  verify(rewritten);
  expect(rewritten.nodes.map(({ op }) => op)).toEqual(["normalize", "space_to_depth", "conv2d"]);
  const image = seededBytes(3, 8 * 12 * 3);
  const before = evaluate(graph, image).get("y");
  const after = evaluate(rewritten, image).get("y");
  expect(after?.shape).toEqual(before?.shape);
  for (const [index, value] of before?.data.entries() ?? []) {
    expect(after?.data[index]).toBeCloseTo(value, 5);
  }
});

test.for([
  ["another kernel", stem(5, 2, 2)],
  ["another stride", stem(6, 1, 2)],
  ["another padding", stem(6, 2, 1)],
  ["an odd width", stem(6, 2, 2, 13)],
] as const)("a stem with %s is not changed", ([, graph]) => {
  expect(stemTo3x3(graph).nodes.map(({ op }) => op)).toEqual(["normalize", "conv2d"]);
});
