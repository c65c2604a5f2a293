import { describe, expect, it } from "vitest";
import { retype } from "../../../../../detectors/compiler/graph/retype.ts";
import { verify } from "../../../../../detectors/compiler/graph/verify.ts";
import { ModelError } from "../../../../../detectors/errors.ts";
import { addConvSilu, graphOf } from "../../../../support/small-graphs.ts";

/** Joins a map with its own half size made large again: fits only where the halving leaves nothing over. */
const graph = graphOf(64, 64, (b, x) => {
  const half = addConvSilu(b, x, { outputs: 7, kernel: 3, stride: 2 }, 1);
  const quarter = addConvSilu(b, half, { outputs: 7, kernel: 3, stride: 2 }, 2);
  const joined = b.add("concat", [half, b.add("upsample", [quarter], { factor: 2 })], {});
  const scales = [
    {
      stride: 2,
      anchors: [
        [1, 2],
        [3, 4],
      ] as const,
    },
  ];
  return b.add("yolov5_detect", [joined], { scales, classes: 2 });
});

describe("retype", () => {
  it("gives the same operators for another picture, all shapes inferred again", () => {
    const wide = retype(graph, { width: 96, height: 32 });
    verify(wide);
    expect(wide.nodes).toEqual(graph.nodes);
    expect(wide.values.get(wide.input)?.shape).toEqual([32, 96, 3]);
    expect(wide.values.get(wide.nodes.at(-2)?.output ?? "")?.shape).toEqual([16, 48, 14]);
  });

  it.each([
    { width: 33, height: 32 },
    { width: 0, height: 32 },
    { width: -64, height: 32 },
    { width: 32.5, height: 32 },
    { width: 1e9, height: 32 },
    { width: Number.NaN, height: 32 },
  ])("names the sizes that fit when asked for $width×$height", (size) => {
    expect(() => retype(graph, size)).toThrow(ModelError);
    expect(() => retype(graph, size)).toThrow(/expected multiples of 2 up to 4096/);
  });

  it("says where a size does not fit although it is a multiple of the head's stride", () => {
    expect(() => retype(graph, { width: 30, height: 32 })).toThrow(/cannot take pictures of 30x32: concat/);
  });
});
