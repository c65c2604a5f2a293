import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { chooseModule, lackingFeatures, ModelError, VARIANTS } from "../../../../detectors/detector.ts";
import { hasByteDotProduct } from "../../../../detectors/runtime/byte-dot-product.ts";
import { setOf } from "../../../../detectors/runtime/choose-module.ts";
import { temporaryFolder } from "../../../support/base/temporary-folder.ts";

const withoutRelaxed = (features: readonly string[]) => features.filter((name) => name === "relaxed-simd");
const everything = (): readonly string[] => [];

/** A folder with these empty files; only their names matter. */
async function folderOf(...names: string[]) {
  const folder = await temporaryFolder();
  for (const name of names) await writeFile(join(folder.path, name), "");
  return folder;
}
const ALL = VARIANTS.map(({ name }) => `y.${name}.wasm`);

test("chooses the fastest variant of a set that the engine supports", async () => {
  await using folder = await folderOf(...ALL);
  const set = join(folder.path, "y.wasm");
  expect(chooseModule(set, { lacking: everything, hasByteDotProduct: () => true })).toEqual({
    path: join(folder.path, "y.i8.wasm"),
    why: "i8 of i8, i16, f32-relaxed, f32, the fastest variant",
  });
  const plain = chooseModule(set, { lacking: withoutRelaxed, hasByteDotProduct: () => true });
  expect(plain.path).toBe(join(folder.path, "y.i16.wasm"));
  expect(plain.why).toContain("i8 needs relaxed-simd, which this engine lacks");
});

test("prefers i16 to i8, and i8 to f32, on a CPU without a dot product of bytes", async () => {
  await using folder = await folderOf(...ALL);
  const set = join(folder.path, "y.wasm");
  const slow = { lacking: everything, hasByteDotProduct: () => false };
  expect(chooseModule(set, slow).path).toBe(join(folder.path, "y.i16.wasm"));
  expect(chooseModule(set, { ...slow, precision: "i8" }).path).toBe(join(folder.path, "y.i8.wasm"));
  await using without = await folderOf("y.i8.wasm", "y.f32.wasm");
  expect(chooseModule(join(without.path, "y.wasm"), slow).path).toBe(join(without.path, "y.i8.wasm"));
});

test("measures whether the CPU has a dot product of bytes", () => {
  expect(hasByteDotProduct()).toBeTypeOf("boolean");
});

test("chooses the fastest variant of the required precision", async () => {
  await using folder = await folderOf(...ALL);
  const set = join(folder.path, "y.wasm");
  const choose = (lacking: typeof everything) => chooseModule(set, { precision: "f32", lacking }).path;
  expect(choose(everything)).toBe(join(folder.path, "y.f32-relaxed.wasm"));
  expect(chooseModule(set, { precision: "f32", lacking: withoutRelaxed }).path).toBe(
    join(folder.path, "y.f32.wasm"),
  );
});

test("takes a folder for the set in it, and refuses a folder with two sets", async () => {
  await using one = await folderOf("y.f32.wasm", "y.i16.wasm", "y.onnx");
  expect(chooseModule(one.path, { lacking: everything }).path).toBe(join(one.path, "y.i16.wasm"));
  await using two = await folderOf("y.f32.wasm", "z.f32.wasm");
  expect(() => chooseModule(two.path)).toThrow("variants of several models: y.wasm, z.wasm");
});

test("takes a file of this name unchanged, even with variants beside it", async () => {
  await using folder = await folderOf("y.wasm", ...ALL);
  const path = join(folder.path, "y.wasm");
  expect(chooseModule(path)).toEqual({ path, why: undefined });
  const variant = join(folder.path, "y.f32.wasm");
  expect(chooseModule(variant)).toEqual({ path: variant, why: undefined });
});

test("returns a path that does not exist unchanged", () => {
  expect(chooseModule("/nowhere/y.wasm")).toEqual({ path: "/nowhere/y.wasm", why: undefined });
});

test("reports every reason when no variant of a set is suitable", async () => {
  await using folder = await folderOf("y.i8.wasm", "y.i16.wasm");
  const choose = () =>
    chooseModule(join(folder.path, "y.wasm"), { precision: "i8", lacking: withoutRelaxed });
  expect(choose).toThrow(ModelError);
  expect(choose).toThrow("i8 needs relaxed-simd, which this engine lacks; i16 is not i8");
});

test("finds the set of a variant's file", () => {
  expect(setOf("a/yolov5n-640x384.f32-relaxed.wasm")).toBe("a/yolov5n-640x384.wasm");
  expect(setOf("a/yolov5n.wasm")).toBeUndefined();
});

test("finds all features in this engine, and none in an engine that accepts no module", () => {
  const features = ["simd128", "relaxed-simd", "bulk-memory", "of-the-future"];
  expect(lackingFeatures(features)).toEqual([]);
  expect(lackingFeatures(features, () => false)).toEqual(["simd128", "relaxed-simd", "bulk-memory"]);
});

test("probes each feature with its own module", () => {
  const seen = new Set<string>();
  lackingFeatures(["simd128", "relaxed-simd", "bulk-memory"], (bytes) => {
    seen.add(Buffer.from(bytes).toString("hex"));
    return WebAssembly.validate(bytes);
  });
  expect(seen.size).toBe(3);
});
