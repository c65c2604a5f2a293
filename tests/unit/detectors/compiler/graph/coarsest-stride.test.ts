import { expect, test } from "vitest";
import { coarsestStride } from "../../../../../detectors/compiler/graph/coarsest-stride.ts";
import { addConvolution, graphOf, pad } from "../../../../support/models/small-graphs.ts";

test("the coarsest stride is that of the coarsest map anywhere in the graph, without global averages", () => {
  const graph = graphOf(64, 64, (b, x) => {
    const half = addConvolution(b, x, { outputs: 4, kernel: 3, stride: 2 }, 1);
    const eighth = b.add("max_pool2d", [half], { kernel: 5, stride: 4, padding: pad(2) });
    const fine = b.add("resize_bilinear", [eighth], { factor: 4 });
    const gate = addConvolution(b, b.add("mean", [eighth], {}), { outputs: 4, stride: 2 }, 2);
    return b.add("mul", [b.add("upsample", [fine], { factor: 2 }), gate], {});
  });
  expect(coarsestStride(graph)).toBe(8);
});
