import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { chooseModule, lackingFeatures, ModelError, VARIANTS } from "../../../../detectors/detector.ts";
import { setOf } from "../../../../detectors/runtime/choose-module.ts";
import { hasByteDot } from "../../../../detectors/runtime/dot-speed.ts";
import { temporaryFolder } from "../../../support/base/temporary-folder.ts";

const withoutRelaxed = (features: readonly string[]) => features.filter((name) => name === "relaxed-simd");
const everything = (): readonly string[] => [];

/** A folder with these files, empty: their names are all that matters here. */
async function folderOf(...names: string[]) {
  const folder = await temporaryFolder();
  for (const name of names) await writeFile(join(folder.path, name), "");
  return folder;
}
const ALL = VARIANTS.map(({ name }) => `y.${name}.wasm`);

test("of a set the fastest variant is taken that the engine runs", async () => {
  await using folder = await folderOf(...ALL);
  const set = join(folder.path, "y.wasm");
  expect(chooseModule(set, { lacking: everything, hasByteDot: () => true })).toEqual({
    path: join(folder.path, "y.i8.wasm"),
    why: "i8 of i8, i16, f32-relaxed, f32, the fastest there is",
  });
  const plain = chooseModule(set, { lacking: withoutRelaxed, hasByteDot: () => true });
  expect(plain.path).toBe(join(folder.path, "y.i16.wasm"));
  expect(plain.why).toContain("i8 needs relaxed-simd, which this engine lacks");
});

test("where the CPU has no dot product of bytes, i16 is taken before i8, and i8 before floats", async () => {
  await using folder = await folderOf(...ALL);
  const set = join(folder.path, "y.wasm");
  const slow = { lacking: everything, hasByteDot: () => false };
  expect(chooseModule(set, slow).path).toBe(join(folder.path, "y.i16.wasm"));
  expect(chooseModule(set, { ...slow, precision: "i8" }).path).toBe(join(folder.path, "y.i8.wasm"));
  await using without = await folderOf("y.i8.wasm", "y.f32.wasm");
  expect(chooseModule(join(without.path, "y.wasm"), slow).path).toBe(join(without.path, "y.i8.wasm"));
});

test("whether the CPU has it is found out by trying, in an engine that knows the instruction", () => {
  expect(hasByteDot()).toBeTypeOf("boolean");
});

test("a precision narrows the choice, and the fastest of it is taken", async () => {
  await using folder = await folderOf(...ALL);
  const set = join(folder.path, "y.wasm");
  const choose = (lacking: typeof everything) => chooseModule(set, { precision: "f32", lacking }).path;
  expect(choose(everything)).toBe(join(folder.path, "y.f32-relaxed.wasm"));
  expect(chooseModule(set, { precision: "f32", lacking: withoutRelaxed }).path).toBe(
    join(folder.path, "y.f32.wasm"),
  );
});

test("a folder stands for the set in it; of two sets nobody could say which", async () => {
  await using one = await folderOf("y.f32.wasm", "y.i16.wasm", "y.onnx");
  expect(chooseModule(one.path, { lacking: everything }).path).toBe(join(one.path, "y.i16.wasm"));
  await using two = await folderOf("y.f32.wasm", "z.f32.wasm");
  expect(() => chooseModule(two.path)).toThrow("variants of several models: y.wasm, z.wasm");
});

test("a file of that very name is taken as it is, whatever lies beside it", async () => {
  await using folder = await folderOf("y.wasm", ...ALL);
  const path = join(folder.path, "y.wasm");
  expect(chooseModule(path)).toEqual({ path, why: undefined });
  const variant = join(folder.path, "y.f32.wasm");
  expect(chooseModule(variant)).toEqual({ path: variant, why: undefined });
});

test("where nothing is, the path comes back: who reads it tells", () => {
  expect(chooseModule("/nowhere/y.wasm")).toEqual({ path: "/nowhere/y.wasm", why: undefined });
});

test("a set of which nothing will do is told with every reason", async () => {
  await using folder = await folderOf("y.i8.wasm", "y.i16.wasm");
  const choose = () =>
    chooseModule(join(folder.path, "y.wasm"), { precision: "i8", lacking: withoutRelaxed });
  expect(choose).toThrow(ModelError);
  expect(choose).toThrow("i8 needs relaxed-simd, which this engine lacks; i16 is not i8");
});

test("a variant's name tells its set", () => {
  expect(setOf("a/yolov5n-640x384.f32-relaxed.wasm")).toBe("a/yolov5n-640x384.wasm");
  expect(setOf("a/yolov5n.wasm")).toBeUndefined();
});

test("the engine that runs the tests has every feature, and one that accepts nothing lacks them all", () => {
  const features = ["simd128", "relaxed-simd", "bulk-memory", "of-the-future"];
  expect(lackingFeatures(features)).toEqual([]);
  expect(lackingFeatures(features, () => false)).toEqual(["simd128", "relaxed-simd", "bulk-memory"]);
});

test("each feature is probed by a module of its own", () => {
  const seen = new Set<string>();
  lackingFeatures(["simd128", "relaxed-simd", "bulk-memory"], (bytes) => {
    seen.add(Buffer.from(bytes).toString("hex"));
    return WebAssembly.validate(bytes);
  });
  expect(seen.size).toBe(3);
});
