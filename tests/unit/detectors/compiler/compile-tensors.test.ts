/** Files without a head that the compiler knows, from the disk to the answers of both engines. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { compile } from "../../../../detectors/compiler/compile.ts";
import { type CompileFileOptions, compileFile } from "../../../../detectors/compiler/compile-file.ts";
import { buildGraph } from "../../../../detectors/compiler/graph/builder.ts";
import { type ModelError, openModule, type TensorData } from "../../../../detectors/detector.ts";
import { temporaryFolder } from "../../../support/base/temporary-folder.ts";
import { writeModuleFile } from "../../../support/detectors/fake-modules.ts";
import { writeCheckpoint } from "../../../support/models/checkpoint.ts";
import { floatTensor } from "../../../support/models/onnx-writer.ts";
import { node, onnx, type Written } from "../../../support/models/tensor-onnx.ts";
import { smallYolov5 } from "../../../support/models/yolov5-onnx.ts";
import { rejection } from "./import/rejection.ts";

async function compiled(file: Uint8Array | Written, options: CompileFileOptions = {}, name = "any.onnx") {
  await using folder = await temporaryFolder();
  const path = join(folder.path, name);
  await writeFile(path, file instanceof Uint8Array ? file : onnx(file));
  return await compileFile(path, options);
}

/** The outputs of a module in both engines, which must be the same. */
async function answers(bytes: Uint8Array, inputs: readonly TensorData[]): Promise<readonly number[][]> {
  const path = writeModuleFile(bytes);
  const both = [];
  for (const runtime of ["v8", "wasmer"] as const) {
    await using module = await openModule(path, { runtime, deadlineMs: 10_000 });
    const { outputs } = await module.inferTensors(inputs);
    both.push(outputs.map(({ data }) => [...data]));
  }
  expect(both[1]).toEqual(both[0]);
  return both[0] ?? [];
}

describe("a module of task tensor", () => {
  test("takes several inputs and gives several outputs, scalars and empty tensors too", async () => {
    const { bytes, description } = await compiled({
      inputs: { a: ["f32", 2], scalar: ["f32"], long: ["i64", 2], unused: ["u8", 3] },
      nodes: [
        node("Mul", ["a", "scalar"], ["scaled"]),
        node("ReduceSum", ["a"], ["sum"], { keepdims: 0 }),
        node("Neg", ["scalar"], ["negative"]),
        node("Greater", ["a", "scalar"], ["above"]),
        node("Identity", ["long"], ["same"]),
      ],
      outputs: ["scaled", "sum", "negative", "above", "same"],
    });
    expect(description).toMatchObject({
      task: "tensor",
      parameters: [],
      inputs: [
        { name: "a", shape: [2], dtype: "f32" },
        { name: "scalar", shape: [], dtype: "f32" },
        { name: "long", shape: [2], dtype: "i32" },
        { name: "unused", shape: [3], dtype: "u8" },
      ],
      outputs: [{ shape: [2] }, { shape: [] }, { shape: [] }, { dtype: "bool" }, { dtype: "i32" }],
    });
    const inputs = [Float32Array.of(3, -4), Float32Array.of(2), Int32Array.of(-7, 9), Uint8Array.of(1, 2, 3)];
    expect(await answers(bytes, inputs)).toEqual([[6, -8], [-1], [-2], [1, 0], [-7, 9]]);
  });

  test("may have an input without elements", async () => {
    const { bytes } = await compiled(
      {
        inputs: { none: ["f32", "n"], some: ["f32", 2] },
        nodes: [node("Concat", ["none", "some"], ["y"], { axis: 0 })],
        outputs: ["y", "none"],
      },
      { shapes: new Map([["none", [0]]]) },
    );
    expect(await answers(bytes, [new Float32Array(), Float32Array.of(5, 6)])).toEqual([[5, 6], []]);
  });

  test("may have no inputs, and may return constants, inputs and one value twice", async () => {
    const initializers = [floatTensor("known", [2], Float32Array.of(3, 4))];
    const none = await compiled({ inputs: {}, initializers, nodes: [], outputs: ["known"] });
    expect(none.description.inputs).toEqual([]);
    expect(await answers(none.bytes, [])).toEqual([[3, 4]]);
    const through = await compiled({ inputs: { a: ["f32", 2] }, nodes: [], outputs: ["a", "a"] });
    expect(through.description.outputs.map(({ name }) => name)).toEqual(["a", "a_2"]);
    expect(await answers(through.bytes, [Float32Array.of(1, 2)])).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  test("has names that can be shown and told apart", async () => {
    const names = ["\u001b[2J", "\u0007[2J", " spaced ", "é/名:0", "x".repeat(300), "x".repeat(301)];
    const { bytes, description } = await compiled({
      inputs: Object.fromEntries(names.map((name) => [name, ["f32", 1] as const])),
      nodes: [node("Sum", names, ["y"])],
      outputs: ["y"],
    });
    const shown = description.inputs.map(({ name }) => name);
    expect(shown.slice(0, 4)).toEqual(["\uFFFD[2J", "\uFFFD[2J_2", "spaced", "é/名:0"]);
    expect(new Set(shown).size).toBe(names.length);
    expect(
      await answers(
        bytes,
        names.map((_, index) => Float32Array.of(2 ** index)),
      ),
    ).toEqual([[63]]);
  });

  test("gives the same bytes for the same file", async () => {
    const file: Written = { inputs: { a: ["f32", 4] }, nodes: [node("Exp", ["a"], ["y"])], outputs: ["y"] };
    expect((await compiled(file)).bytes).toEqual((await compiled(file)).bytes);
  });

  test("is called a module by its faults", async () => {
    const { bytes } = await compiled({
      inputs: { a: ["f32", 1] },
      nodes: [node("Exp", ["a"], ["y"])],
      outputs: ["y"],
    });
    const module = await openModule(writeModuleFile(bytes), { runtime: "v8", deadlineMs: 10_000 });
    await module[Symbol.asyncDispose]();
    await expect(module.inferTensors([Float32Array.of(1)])).rejects.toThrow("the module is closed");
  });
});

test("a feature map whose pixels are padded cannot be an input or output", () => {
  const builder = buildGraph();
  const x = builder.input("x", { dtype: "f32", shape: [2, 2, 3] });
  const y = builder.add("upsample", [x], { factor: 2 });
  const graph = builder.finish(y);
  const named = (value: string) => ({ name: value, value, ...builder.typeOf(value) });
  const model = { task: "tensor", name: "map", inputs: [named(x)], outputs: [named(y)], graph } as const;
  const source = { format: "onnx", sha256: "0".repeat(64), licence: "MIT" } as const;
  expect(() => compile(model, { source })).toThrow(/x has gaps in memory/);
});

describe("the task", () => {
  const plain: Written = { inputs: { a: ["f32", 4] }, nodes: [node("Exp", ["a"], ["y"])], outputs: ["y"] };
  const reasonsOf = async (file: Uint8Array | Written, options: CompileFileOptions = {}) => {
    const reasons: ModelError[] = [];
    const { description } = await compiled(file, {
      ...options,
      onUnknownHead: (error) => reasons.push(error),
    });
    return { task: description.task, reasons: reasons.map(({ message }) => message) };
  };

  test("is tensor where no head is known, and the caller hears why", async () => {
    const { task, reasons } = await reasonsOf(plain);
    expect(task).toBe("tensor");
    expect(reasons).toEqual([
      "This is an ONNX model. The compiler knows no head like its own; --task detect tells why.",
    ]);
  });

  test("is detect where a head is known, unless tensor is asked for", async () => {
    expect(await reasonsOf(smallYolov5())).toEqual({ task: "detect", reasons: [] });
    const { description } = await compiled(smallYolov5(), { task: "tensor" });
    expect(description.inputs).toEqual([{ name: "images", shape: [1, 3, 64, 96], dtype: "f32" }]);
  });

  test("detect, or a size, refuses what is not a detector", async () => {
    for (const options of [{ task: "detect" }, { size: { width: 64, height: 64 } }] as const) {
      const { message, remedy } = await rejection(compiled(plain, options));
      expect(message).toMatch(/any.onnx: This is .* The model is not a detector that the compiler knows:\n/);
      expect(message).toMatch(/YOLOv5 .*, CenterNet: expected one input \[1, 3, height, width\]/);
      expect(remedy).toContain("task tensor");
    }
    const { message } = await rejection(compiled(smallYolov5({ centreOffset: 0 }), { task: "detect" }));
    expect(message).toMatch(/YOLOv5 Detect .*first centre/);
  });

  test("does not hide a fault of a detector: labels, sizes", async () => {
    const labels = await rejection(compiled(smallYolov5({ metadata: { names: "['a']" } })));
    expect(labels.message).toMatch(/names 1 classes, but the head has 2/);
    const size = await rejection(compiled(smallYolov5(), { size: { width: 65, height: 64 } }));
    expect(size.message).toMatch(/65x64: expected multiples of 32/);
  });

  test("tensor is for f32 only, and not for checkpoints", async () => {
    const integers = await rejection(compiled(plain, { precision: "i16" }));
    expect(integers.message).toMatch(/Only detectors can be compiled with precision i16/);
    const { message, remedy } = await rejection(
      compiled(writeCheckpoint(), { task: "tensor" }, "checkpoint.pt"),
    );
    expect(message).toContain("cannot be compiled with --task tensor");
    expect(remedy).toContain("ONNX");
  });
});

describe("shapes from outside", () => {
  const open: Written = {
    inputs: { ids: ["i64", "batch", "length"], mask: ["i64", "batch", "length"] },
    nodes: [node("Equal", ["ids", "mask"], ["y"])],
    outputs: ["y"],
  };
  const shapesOf = async (file: Written, shapes?: ReadonlyMap<string, readonly number[]>) => {
    const { description } = await compiled(file, shapes === undefined ? {} : { shapes });
    return description.inputs.map(({ shape }) => shape);
  };

  test("hold for all inputs that share the names of their sizes", async () => {
    expect(await shapesOf(open, new Map([["ids", [2, 7]]]))).toEqual([
      [2, 7],
      [2, 7],
    ]);
  });

  test("are asked for with an example that fits", async () => {
    const { message, remedy } = await rejection(compiled(open));
    expect(message).toContain('The input "ids" leaves open sizes: [batch, length]');
    expect(remedy).toContain('--shape "ids=1x320"');
    expect(await shapesOf(open, new Map([["ids", [1, 320]]]))).toHaveLength(2);
  });

  test("are refused for another input, another number of axes, or another fixed size", async () => {
    const fixed: Written = {
      inputs: { a: ["f32", "n", 3] },
      nodes: [node("Exp", ["a"], ["y"])],
      outputs: ["y"],
    };
    for (const [name, shape, message] of [
      ["b", [1, 3], /no input "b".*/],
      ["a", [3], /has the axes \[n, 3\], which the shape \[3\] does not fit/],
      ["a", [1, 4], /which the shape \[1, 4\] does not fit/],
    ] as const) {
      const refused = await rejection(compiled(fixed, { shapes: new Map([[name, shape]]) }));
      expect(refused.message).toMatch(message);
    }
    expect((await rejection(compiled(fixed, { shapes: new Map([["b", [1]]]) }))).remedy).toContain('"a"');
  });
});
