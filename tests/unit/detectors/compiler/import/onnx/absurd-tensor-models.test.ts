/** Models that would take absurd amounts of memory or work are refused before the compiler allocates anything for them. */
import { describe, expect, test } from "vitest";
import { ModelError } from "../../../../../../detectors/errors.ts";
import { compileOnnx } from "../../../../../../scripts/conformance/compile-onnx.ts";
import { runLibrary } from "../../../../../../scripts/conformance/run-library.ts";
import { type OnnxWriter, onnxFile, writeOnnx } from "../../../../../support/models/onnx-writer.ts";

type Dims = readonly (number | string)[];

function model(dims: Dims, body: (writer: OnnxWriter) => string): Uint8Array {
  const writer = writeOnnx();
  const outputs = [body(writer)];
  return onnxFile(writer, { input: { name: "x", dims }, outputs, opset: 13 });
}

function refusal(dims: Dims, body: (writer: OnnxWriter) => string = (writer) => writer.add("Relu", ["x"])) {
  try {
    compileOnnx(model(dims, body));
  } catch (error) {
    if (error instanceof ModelError) return error.message;
    throw error;
  }
  throw new Error("the model was accepted");
}

describe("a model is refused", () => {
  test.each<[what: string, dims: Dims, message: RegExp]>([
    ["of open sizes, written as −1", [1, -1], /"x" leaves open sizes: \[1, \?\]/],
    [
      "of more elements than a module can hold",
      [1, 2 ** 15, 2 ** 15],
      /"x" of .* is larger than a module can/,
    ],
    ["of more than 32 bits", [1, 2 ** 40], /"x" of .* is larger than a module can/],
    ["of too many axes", [1, 1, 1, 1, 1, 1, 1, 1, 1], /"x" of .* is larger than a module can/],
  ])("whose input is %s", (_, dims, message) => {
    expect(refusal(dims)).toMatch(message);
  });

  test.each<[what: string, body: (writer: OnnxWriter) => string, message: RegExp]>([
    [
      "repeats an input",
      (writer) => writer.add("Tile", ["x", writer.integers([2 ** 40, 1])]),
      /Tile "Tile_\d+" makes a tensor of \[1, 1099511627776, 8\]/,
    ],
    [
      "repeats other axes than the input has",
      (writer) => writer.add("Tile", ["x", writer.integers([1, 1, 2])]),
      /Tile "Tile_\d+" repeats 3 of 2 axes/,
    ],
    [
      "enlarges its input",
      (writer) => {
        const scales = writer.floats([2], Float32Array.of(1, 2 ** 27));
        return writer.add("Resize", ["x", "", scales], { mode: "linear" });
      },
      /Resize "Resize_\d+" makes an axis of \d+ elements/,
    ],
    [
      "mirrors its input",
      (writer) => writer.add("Pad", ["x", writer.integers([0, 2 ** 21, 0, 0])], { mode: "reflect" }),
      /Pad "Pad_\d+" makes an axis of 2097156 elements/,
    ],
    [
      "numbers the elements of a long axis",
      (writer) => writer.add("ArgMax", [writer.add("Tile", ["x", writer.integers([2 ** 24, 1])])]),
      /ArgMax "ArgMax_\d+" makes an axis of 33554432 elements/,
    ],
    [
      "lists more sizes than there can be axes",
      (writer) => writer.add("Reshape", ["x", writer.add("ConstantOfShape", [writer.integers([2 ** 20])])]),
      /Reshape "Reshape_\d+" has a list of 1048576 numbers at its input 1/,
    ],
    [
      "adds axes",
      (writer) => writer.add("Unsqueeze", ["x", writer.integers([0, 1, 2, 3, 4, 5, 6])]),
      /Unsqueeze "Unsqueeze_\d+" makes a tensor of \[1, 1, 1, 1, 1, 1, 1, 2, 4\]/,
    ],
    [
      "computes large constants",
      (writer) => {
        const shape = writer.integers([2 ** 24]);
        const constants = [1, 2, 3, 4, 5].map(() => writer.add("ConstantOfShape", [shape]));
        return writer.add("Sum", constants);
      },
      /ConstantOfShape "ConstantOfShape_\d+" takes too much computation/,
    ],
    [
      "has coordinates with the name of a JavaScript property",
      (writer) => {
        const sizes = ["x", "", "", writer.integers([4, 8])];
        return writer.add("Resize", sizes, { coordinate_transformation_mode: "__proto__" });
      },
      /Resize "Resize_\d+" has the coordinates __proto__/,
    ],
    [
      "rounds with the name of a JavaScript function",
      (writer) => writer.add("Resize", ["x", "", "", writer.integers([4, 8])], { nearest_mode: "toString" }),
      /Resize "Resize_\d+" rounds by toString/,
    ],
    [
      "takes the largest of nothing",
      (writer) => writer.add("Sum", ["x", writer.add("Max", [])]),
      /Max "Max_\d+" lacks its input 0/,
    ],
    [
      "multiplies for hours",
      (writer) => {
        const square = writer.add("Tile", ["x", writer.integers([2 ** 13, 2 ** 12])]);
        return writer.add("MatMul", [writer.add("MatMul", [square, square]), square]);
      },
      /takes 8\.8e\+12 multiplications; a module can make 4\.4e\+12/,
    ],
  ])("that %s", (_, body, message) => {
    expect(refusal([2, 4], body)).toMatch(message);
  });
});

test("Tile repeats each axis", () => {
  const compiled = compileOnnx(model([2, 2], (writer) => writer.add("Tile", ["x", writer.integers([2, 3])])));
  expect(compiled.outputs[0]?.shape).toEqual([4, 6]);
  const [y] = runLibrary(compiled, new Map([["x", [1, 2, 3, 4]]]));
  const rows = [
    [1, 2, 1, 2, 1, 2],
    [3, 4, 3, 4, 3, 4],
  ];
  expect([...(y ?? [])]).toEqual([...rows, ...rows].flat());
});
