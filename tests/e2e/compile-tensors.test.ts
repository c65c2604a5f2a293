/** `compile` and `infer` on a file that is not a detector, as a user types them. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sabrewing } from "../support/agent/sabrewing.ts";
import { floatTensor } from "../support/models/onnx-writer.ts";
import { node, onnx } from "../support/models/tensor-onnx.ts";

let folder = "";
const path = (name: string): string => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sabrewing-tensors-"));
  const nodes = [node("Neg", ["x"], ["y"])];
  writeFileSync(path("open.onnx"), onnx({ inputs: { x: ["f32", "n", "m"] }, nodes, outputs: ["y"] }));
  const initializers = [floatTensor("known", [2], Float32Array.of(3, 4))];
  writeFileSync(path("none.onnx"), onnx({ inputs: {}, initializers, nodes: [], outputs: ["known"] }));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("a model that is no detector", () => {
  test("becomes a module of its own inputs and outputs, which infer runs on a .bin", async () => {
    const order = ["compile", path("open.onnx"), "-o", path("open.wasm"), "--shape", "x=2x2", "--json"];
    const { exitCode, stdout } = await sabrewing(order);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      task: "tensor",
      inputs: [{ name: "x", shape: [2, 2], dtype: "f32" }],
      outputs: [{ name: "y", shape: [2, 2], dtype: "f32" }],
      precision: "f32",
    });
    writeFileSync(path("x.bin"), new Uint8Array(Float32Array.of(1, -2, 3, 0.5).buffer));
    const answer = await sabrewing(["infer", path("open.wasm"), path("x.bin"), "--json", "--runtime", "v8"]);
    expect(JSON.parse(answer.stdout).outputs).toEqual([
      { name: "y", shape: [2, 2], dtype: "f32", data: [-1, 2, -3, -0.5] },
    ]);
  });

  test("says why it is none, what it takes and what it gives", async () => {
    const { stdout, stderr } = await sabrewing(["compile", path("none.onnx"), "-o", path("none.wasm")]);
    expect(stderr).toContain("This is an ONNX model. The compiler knows no head like its own");
    expect(stderr).toContain("It is compiled with the inputs and outputs of the file (task tensor).");
    expect(stdout).toContain("\n  gives known: f32 [2]\n");
    const answer = await sabrewing(["infer", path("none.wasm"), "--json", "--runtime", "v8"]);
    expect(JSON.parse(answer.stdout).outputs).toEqual([
      { name: "known", shape: [2], dtype: "f32", data: [3, 4] },
    ]);
    const superfluous = await sabrewing(["infer", path("none.wasm"), path("none.onnx")]);
    expect(superfluous.stderr).toContain("the module has no inputs");
    expect(superfluous.exitCode).toBe(64);
  });

  test("has no picture: its options contradict each other", async () => {
    const compile = (...options: readonly string[]) =>
      sabrewing(["compile", path("open.onnx"), "-o", path("no.wasm"), ...options]);
    for (const options of [
      ["--task", "tensor", "--size", "320x320"],
      ["--shape", "x=2x2", "--size", "320x320"],
      ["--shape", "x=2x2", "--task", "detect"],
      ["--shape", "x"],
    ]) {
      expect((await compile(...options)).exitCode, options.join(" ")).toBe(64);
    }
    const missing = await sabrewing(["infer", path("open.wasm")]);
    expect(missing.stderr).toContain("the module needs its input: x: f32 [2, 2]");
  });
});
