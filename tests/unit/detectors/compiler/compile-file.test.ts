import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { compileFile } from "../../../../detectors/compiler/compile-file.ts";
import { temporaryFolder } from "../../../support/base/temporary-folder.ts";
import { seededYolov5nCheckpoint } from "../../../support/models/seeded-yolov5n.ts";
import {
  type SmallCenterNet,
  type TfjsFiles,
  tfjsFiles,
  writeCenterNet,
} from "../../../support/models/tfjs-writer.ts";
import { rejection } from "./import/rejection.ts";

const body: SmallCenterNet["body"] = (writer, image) => ({
  map: writer.mix("wide", writer.add("Mul", "scaled", [image, writer.number("scale", 1 / 255)]), 3, 6),
  channels: 6,
});

/** A model of two weight files. */
function smallModel(): TfjsFiles {
  const written = writeCenterNet({ height: 32, width: 32, body });
  const [group] = written.model.weightsManifest;
  if (group) group.paths = ["b.bin", "a.bin"];
  return tfjsFiles(written);
}

async function writeModel(folder: string, { json, shards }: TfjsFiles): Promise<string> {
  for (const [name, bytes] of shards) await writeFile(join(folder, name), bytes);
  const path = join(folder, "small.json");
  await writeFile(path, json);
  return path;
}

describe("compiling a TensorFlow.js model from its folder", () => {
  test("records the format and the SHA-256 of model.json and its weight files, in order", async () => {
    await using folder = await temporaryFolder();
    const files = smallModel();
    const { description, bytes } = await compileFile(await writeModel(folder.path, files));
    const all = Buffer.concat(
      [files.json, files.shards.get("b.bin") ?? "", files.shards.get("a.bin") ?? ""].map((part) =>
        Buffer.from(part),
      ),
    );
    expect(description).toMatchObject({
      name: "small",
      inputs: [{ shape: [32, 32, 3], dtype: "u8" }],
      source: [
        { format: "tfjs", sha256: createHash("sha256").update(all).digest("hex"), licence: "unknown" },
      ],
    });
    expect(WebAssembly.validate(Uint8Array.from(bytes))).toBe(true);
  });

  test("names the missing weight file, with a remedy", async () => {
    await using folder = await temporaryFolder();
    const { json, shards } = smallModel();
    const path = await writeModel(folder.path, { json, shards: new Map([...shards].slice(0, 1)) });
    const { message, remedy } = await rejection(compileFile(path));
    expect(message).toBe(`${join(folder.path, "a.bin")}: no such file`);
    expect(remedy).toContain(path);
  });

  test("reads nothing outside the folder", async () => {
    await using folder = await temporaryFolder();
    const written = writeCenterNet({ height: 32, width: 32, body });
    const [group] = written.model.weightsManifest;
    if (group) group.paths = ["../weights.bin"];
    const path = join(folder.path, "model.json");
    await writeFile(path, JSON.stringify(written.model));
    const { message } = await rejection(compileFile(path));
    expect(message).toMatch(/model\.json: .*"\.\.\/weights\.bin", which is not a plain file name/);
  });
});

describe("the format is detected by the contents", () => {
  test("a checkpoint without a file extension is compiled", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "weights");
    await writeFile(path, seededYolov5nCheckpoint({ classes: 2 }));
    const { description } = await compileFile(path, { size: { width: 32, height: 32 } });
    expect(description.source[0]?.format).toBe("yolov5-checkpoint");
  });

  test("other JSON is refused", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "package.json");
    await writeFile(path, '{"name": "not a model"}');
    expect((await rejection(compileFile(path))).message).toMatch(
      /package\.json: This is a JSON file without a graph of TensorFlow\.js/,
    );
  });
});

describe("i8", () => {
  const compileSeeded = async (options: { readonly target?: "simd128" | "relaxed" }) => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "seeded.pt");
    await writeFile(path, seededYolov5nCheckpoint({ classes: 2 }));
    return compileFile(path, { size: { width: 64, height: 64 }, precision: "i8", ...options });
  };

  test("needs relaxed SIMD, and states it in the description", async () => {
    const { description } = await compileSeeded({});
    expect(description.precision).toBe("i8");
    expect(description.features).toContain("relaxed-simd");
  });

  test("is refused for the target simd128", async () => {
    const { message, remedy } = await rejection(compileSeeded({ target: "simd128" }));
    expect(message).toContain("i8 needs the dot product of the relaxed SIMD proposal");
    expect(remedy).toContain("choose i16");
  });
});
