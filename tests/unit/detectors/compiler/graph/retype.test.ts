import { describe, expect, test } from "vitest";
import { retype } from "../../../../../detectors/compiler/graph/retype.ts";
import { verify } from "../../../../../detectors/compiler/graph/verify.ts";
import { ModelError } from "../../../../../detectors/errors.ts";
import { addConvSilu, graphOf } from "../../../../support/models/small-graphs.ts";

/** Concatenates a map with its upsampled half: the sizes match only where the map divides evenly. */
const graph = graphOf(64, 64, (b, x) => {
  const half = addConvSilu(b, x, { outputs: 7, kernel: 3, stride: 2 }, 1);
  const quarter = addConvSilu(b, half, { outputs: 7, kernel: 3, stride: 2 }, 2);
  const joined = b.add("concat", [half, b.add("upsample", [quarter], { factor: 2 })], { axis: 2 });
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
  test("gives the same operators for another input size, with all shapes inferred again", () => {
    const wide = retype(graph, { width: 96, height: 32 });
    verify(wide);
    expect(wide.nodes).toEqual(graph.nodes);
    expect(wide.values.get(wide.inputs[0] ?? "")?.shape).toEqual([32, 96, 3]);
    expect(wide.values.get(wide.nodes.at(-2)?.output ?? "")?.shape).toEqual([16, 48, 14]);
  });

  test.each([
    { width: 33, height: 32 },
    { width: 0, height: 32 },
    { width: -64, height: 32 },
    { width: 32.5, height: 32 },
    { width: 1e9, height: 32 },
    { width: Number.NaN, height: 32 },
  ])("lists the valid sizes when $width×$height is requested", (size) => {
    expect(() => retype(graph, size)).toThrow(ModelError);
    expect(() => retype(graph, size)).toThrow(/expected multiples of 2 up to 4096/);
  });

  test("names the node where a multiple of the head's stride does not fit", () => {
    expect(() => retype(graph, { width: 30, height: 32 })).toThrow(/cannot take images of 30x32: concat/);
  });
});
