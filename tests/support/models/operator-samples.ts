/** Small ONNX models of operators that `randomModel` does not write, and of constants that a model computes of shapes. */

import { seededFloats } from "../base/seeded.ts";
import { type OnnxWriter, onnxFile, writeOnnx } from "./onnx-writer.ts";

/** Appends nodes after the input, and returns the outputs. */
type Sample = (writer: OnnxWriter, x: string) => readonly string[];

const numbers = (writer: OnnxWriter, ...shape: number[]): string =>
  writer.floats(
    shape,
    seededFloats(
      shape.length,
      shape.reduce((product, size) => product * size, 1),
    ),
  );

const SAMPLES: readonly (readonly [dims: readonly (number | string)[], sample: Sample])[] = [
  [
    [1, 2, 3, 4],
    (writer, x) => [
      writer.add("Resize", [x, "", writer.floats([4], Float32Array.of(1, 1, 2, 2))], {
        mode: "linear",
        coordinate_transformation_mode: "half_pixel",
      }),
      writer.add("Resize", [x, "", "", writer.integers([1, 2, 5, 7])], {
        mode: "nearest",
        coordinate_transformation_mode: "asymmetric",
        nearest_mode: "floor",
      }),
    ],
  ],
  [
    [1, 4, 3, 3],
    (writer, x) => [
      writer.add("ConvTranspose", [x, numbers(writer, 4, 2, 3, 3), numbers(writer, 2)], {
        strides: [2, 2],
        pads: [1, 1, 1, 1],
        output_padding: [1, 1],
        kernel_shape: [3, 3],
      }),
      writer.add("DepthToSpace", [x], { blocksize: 2, mode: "CRD" }),
      writer.add("Conv", [x, numbers(writer, 4, 1, 3, 3)], { group: 4, auto_pad: "SAME_UPPER" }),
    ],
  ],
  [
    [1, 2, 4, 4],
    (writer, x) => [
      writer.add("SpaceToDepth", [x], { blocksize: 2 }),
      writer.add("Tile", [x, writer.integers([1, 2, 1, 3])]),
      writer.add("MaxPool", [x], { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1, dilations: [1, 1] }),
      writer.add("AveragePool", [x], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], count_include_pad: 1 }),
    ],
  ],
  [
    [2, 3, 4],
    (writer, x) => [
      writer.add("LayerNormalization", [x, numbers(writer, 4), numbers(writer, 4)], { axis: -1 }),
      writer.add("InstanceNormalization", [x, numbers(writer, 3), numbers(writer, 3)]),
      writer.add("ArgMax", [x], { axis: 1, keepdims: 0 }),
      writer.add("ReduceProd", [x], { axes: [1, 2], keepdims: 0 }),
      writer.add("Clip", [x, writer.scalar(0), writer.scalar(6)]),
      writer.add("Cast", [writer.add("Cast", [x], { to: 6 })], { to: 1 }),
    ],
  ],
  // Sizes computed of the input's shape: the constant evaluator.
  [
    [1, 6, 4],
    (writer, x) => {
      const shape = writer.add("Shape", [x]);
      const size = writer.add("Gather", [shape, writer.integers(1)], { axis: 0 });
      const half = writer.add("Div", [size, writer.integers(2)]);
      const parts = writer.add("Unsqueeze", [half], { axes: [0] });
      const wanted = writer.add("Concat", [writer.integers([1]), parts, writer.integers([-1])], { axis: 0 });
      const ramp = writer.add("Range", [writer.integers(0), half, writer.integers(1)]);
      const ones = writer.add("ConstantOfShape", [shape]);
      const spread = writer.add("Expand", [writer.add("Cast", [ramp], { to: 1 }), writer.integers([4, 3])]);
      return [
        writer.add("Reshape", [x, wanted]),
        writer.add("Add", [x, ones]),
        writer.add("Transpose", [writer.add("Tile", [spread, writer.integers([2, 2])])], { perm: [1, 0] }),
        writer.add("Pad", [x, writer.integers([0, 1, 0, 0, 1, 0]), writer.scalar(1)], { mode: "constant" }),
      ];
    },
  ],
  [
    ["batch", 3, 8, 8],
    (writer, x) => {
      const y = writer.add("Conv", [x, numbers(writer, 4, 3, 3, 3), numbers(writer, 4)], {
        pads: [1, 1, 1, 1],
      });
      const pooled = writer.add("GlobalAveragePool", [writer.add("Relu", [y])]);
      const flat = writer.add("Flatten", [pooled], { axis: 1 });
      const scores = writer.add("Gemm", [flat, numbers(writer, 5, 4), numbers(writer, 5)], { transB: 1 });
      return [writer.add("Softmax", [scores], { axis: -1 })];
    },
  ],
];

/** The models as files. */
export function operatorSamples(): readonly Uint8Array[] {
  return SAMPLES.flatMap(([dims, sample]) =>
    (["initializers", "nodes"] as const).map((constants) => {
      const writer = writeOnnx(constants);
      const outputs = sample(writer, "x");
      return onnxFile(writer, {
        input: { name: "x", dims },
        outputs,
        opset: constants === "nodes" ? 12 : 17,
      });
    }),
  );
}
