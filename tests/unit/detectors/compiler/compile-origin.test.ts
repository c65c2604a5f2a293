/** What `compile` says about files of other families, and what it offers instead. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type CompileFileOptions, compileFile } from "../../../../detectors/compiler/compile-file.ts";
import type { ModelError } from "../../../../detectors/errors.ts";
import { temporaryFolder } from "../../../support/base/temporary-folder.ts";
import { onnxFile, writeOnnx } from "../../../support/models/onnx-writer.ts";
import { rejection } from "./import/rejection.ts";

const ULTRALYTICS = {
  author: "Ultralytics",
  description: "Ultralytics YOLOv8n-seg model trained on coco",
  task: "segment",
};

/** A model of a few operators on [1, 3, 8, 8]. */
function model(operators: readonly string[], metadata: Readonly<Record<string, string>> = ULTRALYTICS) {
  const writer = writeOnnx();
  const y = operators.reduce((value, operator) => writer.add(operator, [value]), "images");
  return onnxFile(writer, {
    input: { name: "images", dims: [1, 3, 32, 32] },
    outputs: [y],
    opset: 17,
    metadata,
  });
}

async function compiled(file: Uint8Array, options: CompileFileOptions = {}) {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "a.onnx");
  await writeFile(path, file);
  return await compileFile(path, options);
}

describe("a model without a head that the compiler knows", () => {
  test("is named, with the task that is not supported, and compiled with its own inputs and outputs", async () => {
    const notes: ModelError[] = [];
    const { description } = await compiled(model(["Relu"]), { onUnknownHead: (note) => notes.push(note) });
    expect(description.task).toBe("tensor");
    expect(notes.map(({ message }) => message)).toEqual([
      "This is an Ultralytics segmentation model (YOLOv8n-seg): segmentation is not supported yet. The compiler knows no head like its own; --task detect tells why.",
    ]);
  });

  test.each<[what: string, options: CompileFileOptions, remedy: RegExp]>([
    ["--task detect", { task: "detect" }, /^Leave out --task detect:/],
    ["--size", { size: { width: 64, height: 64 } }, /^Leave out --size:/],
  ])("is refused with %s, and the remedy leaves that out", async (_, options, remedy) => {
    const error = await rejection(compiled(model(["Relu"]), options));
    expect(error.message).toMatch(
      /a\.onnx: This is an Ultralytics segmentation model .* The model is not a detector/,
    );
    expect(error.remedy).toMatch(remedy);
    expect(error.remedy).not.toContain("export.py");
  });

  test("gets YOLOv5's own remedy where it is a YOLOv5", async () => {
    const yolov5 = model(["Relu"], { stride: "32", names: "{0: 'a'}" });
    expect((await rejection(compiled(yolov5, { task: "detect" }))).remedy).toMatch(
      /export\.py.* Or leave out --task detect/,
    );
  });
});

test("missing operators are listed behind the family, once each, and nothing is said of a module", async () => {
  const notes: ModelError[] = [];
  const options = { onUnknownHead: (note: ModelError) => notes.push(note) };
  const error = await rejection(compiled(model(["Sinh", "Relu", "Sinh"]), options));
  expect(error.message).toMatch(
    /This is an Ultralytics segmentation model .* uses operators that cannot be compiled:\n {2}Sinh: 2 nodes[^\n]*$/,
  );
  expect(notes).toEqual([]);
});

test("missing operators of an end-to-end head get its remedy", async () => {
  const error = await rejection(compiled(model(["Sinh"], { ...ULTRALYTICS, end2end: "True" })));
  expect(error.remedy).toContain("end2end=False");
});

describe("a folder is refused", () => {
  test.each<[what: string, names: readonly string[], message: RegExp, remedy: RegExp]>([
    ["with the model in it", ["best.onnx", "README"], /this is a folder, not a file/, /: .*best\.onnx$/],
    ["with the models in it", ["b.onnx", "a.pt"], /this is a folder/, /in it: a\.pt, b\.onnx\.$/],
    ["as a SavedModel", ["saved_model.pb", "variables"], /TensorFlow SavedModel/, /--saved-model/],
    ["as a Core ML package", ["Manifest.json", "Data"], /Core ML/, /ONNX/],
    ["with a general remedy", [], /this is a folder, not a file/, /model\.json/],
  ])("%s", async (_, names, message, remedy) => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "model");
    await mkdir(path);
    for (const name of names) await writeFile(join(path, name), "x");
    const error = await rejection(compileFile(path));
    expect(error.message).toMatch(message);
    expect(error.remedy).toMatch(remedy);
  });
});
