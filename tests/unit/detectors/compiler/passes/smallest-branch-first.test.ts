import { expect, test } from "vitest";
import { verify } from "../../../../../detectors/compiler/graph/verify.ts";
import { evaluate } from "../../../../../detectors/compiler/ops/evaluate.ts";
import { smallestBranchFirst } from "../../../../../detectors/compiler/passes/smallest-branch-first.ts";
import { seededBytes } from "../../../../support/base/seeded.ts";
import { addConvolution, graphOf } from "../../../../support/models/small-graphs.ts";

test("the branch with the smallest result comes first, after the nodes that branches share", () => {
  const graph = graphOf(4, 4, (builder, x) => {
    const shared = addConvolution(builder, x, { outputs: 8 }, 1);
    const [large, small] = [24, 4].map((outputs, index) =>
      addConvolution(
        builder,
        addConvolution(builder, shared, { outputs: 8 }, 2 + index),
        { outputs },
        4 + index,
      ),
    );
    return builder.add("concat", [large ?? "", shared, small ?? ""], { axis: 2 });
  });
  const ordered = smallestBranchFirst(graph);
  verify(ordered);
  const channels = ordered.nodes.map(({ output }) => ordered.values.get(output)?.shape.at(-1));
  expect(channels).toEqual([3, 8, 8, 4, 8, 24, 36]);
  const image = seededBytes(3, 4 * 4 * 3);
  const [before, after] = [graph, ordered].map((one) => evaluate(one, image).get(one.outputs[0] ?? ""));
  expect(after?.data).toEqual(before?.data);
});
