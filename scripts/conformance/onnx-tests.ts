/** ONNX's backend tests on disk: a folder per test with `model.onnx` and `test_data_set_N/{input,output}_M.pb`. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { NdArray } from "../../detectors/compiler/import/nd-array.ts";
import { readTensor } from "../../detectors/compiler/import/onnx/read-tensor.ts";
import { decodeModel, decodeTensor, type OnnxModel } from "../../detectors/compiler/import/onnx/schema.ts";

export interface OnnxTest {
  /** Its folder, relative to the searched one. */
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly model: OnnxModel;
  readonly dataSets: readonly DataSet[];
}

export interface DataSet {
  /** @throws ModelError for tensors of types that the compiler does not read. */
  readonly inputs: () => readonly NdArray[];
  readonly outputs: () => readonly NdArray[];
}

/** All tests below a folder, sorted by name. */
export function findOnnxTests(folder: string): readonly OnnxTest[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name === "model.onnx")
    .map((entry) => entry.parentPath)
    .toSorted()
    .map((path) => readTest(path, relative(folder, path)));
}

function readTest(path: string, name: string): OnnxTest {
  const bytes = readFileSync(join(path, "model.onnx"));
  const dataSets = readdirSync(path)
    .filter((entry) => entry.startsWith("test_data_set_"))
    .toSorted()
    .map((entry) => ({
      inputs: () => tensors(join(path, entry), "input"),
      outputs: () => tensors(join(path, entry), "output"),
    }));
  return { name, bytes, model: decodeModel(bytes), dataSets };
}

function tensors(folder: string, kind: "input" | "output"): readonly NdArray[] {
  const arrays: NdArray[] = [];
  for (let index = 0; existsSync(join(folder, `${kind}_${index}.pb`)); index++) {
    arrays.push(readTensor(decodeTensor(readFileSync(join(folder, `${kind}_${index}.pb`)))));
  }
  return arrays;
}
