import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type NdArray, readTensor } from "../../../detectors/compiler/import/onnx/nd-array.ts";
import { decodeModel, decodeTensor, type OnnxGraph } from "../../../detectors/compiler/import/onnx/schema.ts";

/** One of ONNX's own backend tests: a model, its inputs and the expected outputs. */
export interface BackendTest {
  readonly name: string;
  readonly graph: OnnxGraph;
  /** By name, initializers included. */
  readonly inputs: () => Map<string, NdArray>;
  readonly outputs: () => Map<string, NdArray>;
}

/** All backend tests in $SABREWING_HOME/onnx-backend or ../shared/onnx-backend; empty when neither exists. */
export function findBackendTests(): BackendTest[] {
  const home = process.env.SABREWING_HOME || join(homedir(), ".cache", "sabrewing");
  const root = [
    join(home, "onnx-backend"),
    fileURLToPath(new URL("../../../../shared/onnx-backend", import.meta.url)),
  ].find((folder) => existsSync(folder));
  if (root === undefined) return [];
  return readdirSync(root)
    .flatMap((group) => readdirSync(join(root, group)).map((name) => join(group, name)))
    .sort()
    .map((name) => readBackendTest(root, name));
}

function readBackendTest(root: string, name: string): BackendTest {
  const { graph } = decodeModel(readFileSync(join(root, name, "model.onnx")));
  if (!graph) throw new Error(`${name} has no graph`);
  const read = (kind: "input" | "output", index: number): NdArray =>
    readTensor(decodeTensor(readFileSync(join(root, name, "test_data_set_0", `${kind}_${index}.pb`))));
  const known = new Set(graph.initializer.map((tensor) => tensor.name));
  const fed = graph.input.filter((input) => !known.has(input.name));
  return {
    name,
    graph,
    inputs: () =>
      new Map([
        ...graph.initializer.map((tensor) => [tensor.name ?? "", readTensor(tensor)] as const),
        ...fed.map((input, index) => [input.name ?? "", read("input", index)] as const),
      ]),
    outputs: () => new Map(graph.output.map((output, index) => [output.name ?? "", read("output", index)])),
  };
}
