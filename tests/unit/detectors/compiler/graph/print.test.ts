import { expect, test } from "vitest";
import { print } from "../../../../../detectors/compiler/graph/print.ts";
import { runPasses } from "../../../../../detectors/compiler/passes/index.ts";
import { addConvSilu, graphOf } from "../../../../support/models/small-graphs.ts";

test("print shows output, operator, shape, attributes and inputs of each node on one aligned line", () => {
  const graph = graphOf(4, 6, (b, x) => {
    const y = addConvSilu(b, x, { outputs: 14, kernel: 3, stride: 2 }, 1);
    const scales = [
      {
        stride: 2,
        anchors: [
          [1, 2],
          [3, 4],
        ] as const,
      },
    ];
    return b.add("yolov5_detect", [y], { scales, classes: 2 }, "detections");
  });
  expect(print(runPasses(graph))).toBe(
    [
      "input   image 4×6×3",
      "normalize_0  normalize      4×6×3   scale=0.00392156862745098                 image",
      "mul_3        conv2d         2×3×14  stride=2 padding=1,1,1,1 activation=silu  normalize_0, $w1 14×3×3×3, $b1 14",
      "detections   yolov5_detect  300×6   /2:2 classes=2                            mul_3",
      "output  detections 300×6",
      "3 nodes, 2 constants of 1568 bytes, 2268 multiplications",
      "",
    ].join("\n"),
  );
});
