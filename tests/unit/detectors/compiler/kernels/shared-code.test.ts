import { expect, test } from "vitest";
import type { Graph } from "../../../../../detectors/compiler/graph/graph.ts";
import { runPasses } from "../../../../../detectors/compiler/passes/index.ts";
import { sectionsOf } from "../../../../../detectors/runtime/sections.ts";
import { instantiateKernels } from "../../../../support/models/kernel-module.ts";
import { addConvSilu, graphOf } from "../../../../support/models/small-graphs.ts";

const CODE_SECTION = 10;

/** A 40 × 40 image and a chain of kernel × kernel convolutions with these numbers of channels. */
function network(kernel: number, depths: readonly number[]): Graph {
  const graph = graphOf(40, 40, (builder, x) =>
    depths.reduce((from, outputs, seed) => addConvSilu(builder, from, { outputs, kernel }, seed), x),
  );
  return runPasses(graph);
}

async function codeBytes(graph: Graph): Promise<number> {
  const { bytes } = await instantiateKernels(graph);
  return [...sectionsOf(bytes)].find(({ id }) => id === CODE_SECTION)?.content.length ?? 0;
}

test.each([
  { kernel: 1, atMost: 300 },
  { kernel: 3, atMost: 900 },
])("one more $kernel×$kernel layer shares the code of the others", async ({ kernel, atMost }) => {
  const before = await codeBytes(network(kernel, [16, 16, 16]));
  const after = await codeBytes(network(kernel, [16, 16, 16, 32]));
  expect(after - before).toBeLessThan(atMost);
});
