/** Models of any kind, compiled with their own inputs and outputs. */
import { describe, expect, test } from "vitest";
import { ALLOWED_IMPORTS } from "../../../../../../detectors/module-format.ts";
import { compileOnnx } from "../../../../../../scripts/conformance/compile-onnx.ts";
import { runLibrary } from "../../../../../../scripts/conformance/run-library.ts";
import { floatTensor, integerTensor } from "../../../../../support/models/onnx-writer.ts";
import { node, onnx, refusal, TYPES } from "../../../../../support/models/tensor-onnx.ts";

describe("a model with its own inputs and outputs", () => {
  test("has several of each, in the order of the file, with their types", () => {
    const model = compileOnnx(
      onnx({
        inputs: { a: ["f32", 2, 3], b: ["i64", 3], c: ["bool", 3] },
        nodes: [
          node("Cast", ["b"], ["floats"], { to: TYPES.f32 }),
          node("Where", ["c", "a", "floats"], ["chosen"]),
          node("Transpose", ["b"], ["same"]),
        ],
        outputs: ["same", "chosen"],
      }),
    );
    const types = (specs: typeof model.inputs) => specs.map(({ name, dtype, shape }) => [name, dtype, shape]);
    expect(types(model.inputs)).toEqual([
      ["a", "f32", [2, 3]],
      ["b", "i32", [3]],
      ["c", "bool", [3]],
    ]);
    expect(types(model.outputs)).toEqual([
      ["same", "i32", [3]],
      ["chosen", "f32", [2, 3]],
    ]);
    const outputs = runLibrary(
      model,
      new Map([
        ["a", [1, 2, 3, 4, 5, 6]],
        ["b", [-7, 8, 9]],
        ["c", [1, 0, 1]],
      ]),
    );
    expect(outputs.map((numbers) => [...numbers])).toEqual([
      [-7, 8, 9],
      [1, 8, 3, 4, 8, 6],
    ]);
  });

  test("is a module like every other: three imports, the library door and the command", () => {
    const { bytes } = compileOnnx(
      onnx({ inputs: { a: ["f32", 4] }, nodes: [node("Relu", ["a"], ["y"])], outputs: ["y"] }),
    );
    const module = new WebAssembly.Module(Uint8Array.from(bytes));
    expect(WebAssembly.Module.imports(module).map(({ name }) => name)).toEqual([...ALLOWED_IMPORTS]);
    expect(WebAssembly.Module.exports(module).map(({ name }) => name)).toEqual([
      "memory",
      "input_0",
      "output_0",
      "infer",
      "_start",
    ]);
  });

  test("gives the same bytes for the same file", () => {
    const file = onnx({ inputs: { a: ["f32", 4] }, nodes: [node("Exp", ["a"], ["y"])], outputs: ["y"] });
    expect(compileOnnx(file).bytes).toEqual(compileOnnx(file).bytes);
  });

  test("may return an input, a constant, and one value twice", () => {
    const model = compileOnnx(
      onnx({
        inputs: { a: ["f32", 2] },
        initializers: [floatTensor("known", [2], Float32Array.of(3, 4))],
        nodes: [node("Neg", ["a"], ["y"])],
        outputs: ["a", "known", "y", "y"],
      }),
    );
    const outputs = runLibrary(model, new Map([["a", [1, 2]]]));
    expect(outputs.map((numbers) => [...numbers])).toEqual([
      [1, 2],
      [3, 4],
      [-1, -2],
      [-1, -2],
    ]);
  });

  test.each(["MaxPool", "AveragePool"])(
    "%s leaves out a rounded-up window that would start in the padding",
    (op) => {
      const window = { kernel_shape: [1], strides: [2], ceil_mode: 1 };
      const model = compileOnnx(
        onnx({ inputs: { x: ["f32", 1, 1, 6] }, nodes: [node(op, ["x"], ["y"], window)], outputs: ["y"] }),
      );
      expect(model.outputs[0]?.shape).toEqual([1, 1, 3]);
      const [y = []] = runLibrary(model, new Map([["x", [1, 2, 3, 4, 5, 6]]]));
      expect([...y]).toEqual([1, 3, 5]);
    },
  );

  test("computes shapes at compile time", () => {
    const model = compileOnnx(
      onnx({
        inputs: { a: ["f32", 2, 3] },
        initializers: [integerTensor("minus one", [-1])],
        nodes: [
          node("Shape", ["a"], ["shape"], { start: 1, end: 2 }),
          node("Concat", ["minus one", "shape"], ["wanted"], { axis: 0 }),
          node("Transpose", ["a"], ["flipped"]),
          node("Reshape", ["flipped", "wanted"], ["y"]),
        ],
        outputs: ["y"],
      }),
    );
    expect(model.outputs[0]?.shape).toEqual([2, 3]);
    expect([...(runLibrary(model, new Map([["a", [1, 2, 3, 4, 5, 6]]]))[0] ?? [])]).toEqual([
      1, 4, 2, 5, 3, 6,
    ]);
  });
});

describe("refuses", () => {
  test("unknown operators, each once with its number of nodes", () => {
    const message = refusal({
      inputs: { a: ["f32", 4] },
      nodes: [
        node("Sinh", ["a"], ["b"]),
        node("Sinh", ["b"], ["c"]),
        { ...node("Attention", ["c"], ["y"]), domain: "com.microsoft" },
      ],
      outputs: ["y"],
    });
    expect(message).toMatch(
      /Sinh: 2 nodes, "sinh", "sinh"\n {2}com\.microsoft\.Attention: 1 node, "attention"$/,
    );
  });

  test("missing operators before open sizes, since sizes do not help", () => {
    const nodes = [node("TopK", ["a"], ["y"]), node("TopK", ["y"], ["z"])];
    const message = refusal({ inputs: { a: ["f32", 1, "width"] }, nodes, outputs: ["z"] });
    expect(message).toMatch(/TopK: 2 nodes/);
    expect(message).not.toContain("open sizes");
  });

  test("inputs of other types and of open sizes, by name", () => {
    const nodes = [node("Relu", ["a"], ["y"])];
    expect(refusal({ inputs: { a: ["u16", 4] }, nodes, outputs: ["y"] })).toMatch(
      /input "a" has elements of u16/,
    );
    expect(refusal({ inputs: { a: ["f32", 1, "width"] }, nodes, outputs: ["y"] })).toMatch(
      /input "a" leaves open sizes: \[1, width\]/,
    );
  });

  test("conversions to binary16, which would not be rounded", () => {
    const nodes = [node("Cast", ["a"], ["y"], { to: 10 })];
    expect(refusal({ inputs: { a: ["f32", 4] }, nodes, outputs: ["y"] })).toMatch(/converts f32 to f16/);
  });

  test("a shape that is computed at run time", () => {
    const nodes = [node("Reshape", ["a", "b"], ["y"])];
    expect(refusal({ inputs: { a: ["f32", 4], b: ["i64", 1] }, nodes, outputs: ["y"] })).toMatch(
      /Reshape "reshape" computes its input "b" at run time/,
    );
  });

  test("shapes that do not fit together", () => {
    const nodes = [node("Add", ["a", "b"], ["y"])];
    expect(refusal({ inputs: { a: ["f32", 4], b: ["f32", 3] }, nodes, outputs: ["y"] })).toMatch(
      /Add "add" has inputs that do not fit.*cannot broadcast \[4\] and \[3\]/,
    );
  });

  test("sizes that are negative or do not fit into memory", () => {
    const inputs = { a: ["f32", 6] } as const;
    const shape = (...sizes: number[]) => [integerTensor("shape", sizes)];
    expect(
      refusal({
        inputs,
        initializers: shape(-2, -3),
        nodes: [node("Reshape", ["a", "shape"], ["y"])],
        outputs: ["y"],
      }),
    ).toMatch(/impossible size \[-2, -3\]/);
    expect(
      refusal({
        inputs,
        initializers: shape(2 ** 20, 2 ** 10, 6),
        nodes: [node("Expand", ["a", "shape"], ["y"])],
        outputs: ["y"],
      }),
    ).toMatch(/makes a tensor of \[1048576, 1024, 6\]/);
    const expanded = ["b", "c", "d"].map((name) => node("Expand", ["a", "shape"], [name]));
    expect(
      refusal({ inputs, initializers: shape(40_000_000, 6), nodes: expanded, outputs: ["b", "c", "d"] }),
    ).toMatch(/needs \d+ MB of memory; a module can have 2048 MB/);
  });

  test("windows with strides that do not move", () => {
    const pool = node("MaxPool", ["a"], ["y"], { kernel_shape: [2], strides: [-1] });
    expect(refusal({ inputs: { a: ["f32", 1, 1, 4] }, nodes: [pool], outputs: ["y"] })).toMatch(
      /with strides \[-1\]/,
    );
  });
});
