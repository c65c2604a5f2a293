import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { compileFile } from "../../../../detectors/compiler/compile-file.ts";
import { temporaryFolder } from "../../../support/base/temporary-folder.ts";
import { seededYolov5nCheckpoint } from "../../../support/seeded-yolov5n.ts";
import {
  type SmallCenterNet,
  type TfjsFiles,
  tfjsFiles,
  writeCenterNet,
} from "../../../support/tfjs-writer.ts";
import { rejection } from "./import/rejection.ts";

const body: SmallCenterNet["body"] = (writer, picture) => ({
  map: writer.mix("wide", writer.add("Mul", "scaled", [picture, writer.number("scale", 1 / 255)]), 3, 6),
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
  it("tells its format, and the SHA-256 of model.json and the weight files in their order", async () => {
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
      input: { width: 32, height: 32 },
      source: { format: "tfjs", sha256: createHash("sha256").update(all).digest("hex"), licence: "unknown" },
    });
    expect(WebAssembly.validate(Uint8Array.from(bytes))).toBe(true);
  });

  it("names the weight file that is missing, and what to do", async () => {
    await using folder = await temporaryFolder();
    const { json, shards } = smallModel();
    const path = await writeModel(folder.path, { json, shards: new Map([...shards].slice(0, 1)) });
    const { message, remedy } = await rejection(compileFile(path));
    expect(message).toBe(`${join(folder.path, "a.bin")}: there is no such file`);
    expect(remedy).toContain(path);
  });

  it("reads nothing outside the folder", async () => {
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

describe("a file is taken for what it holds, whatever it is called", () => {
  it("a checkpoint without its ending", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "weights");
    await writeFile(path, seededYolov5nCheckpoint({ classes: 2 }));
    const { description } = await compileFile(path, { size: { width: 32, height: 32 } });
    expect(description.source.format).toBe("yolov5-checkpoint");
  });

  it("other JSON is none of them", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "package.json");
    await writeFile(path, '{"name": "not a model"}');
    expect((await rejection(compileFile(path))).message).toMatch(
      /neither a YOLOv5 checkpoint .*, nor an ONNX model, nor/,
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

  it("is for engines with relaxed SIMD, and says so", async () => {
    const { description } = await compileSeeded({});
    expect(description.precision).toBe("i8");
    expect(description.features).toContain("relaxed-simd");
  });

  it("is refused for the target that every engine is", async () => {
    const { message, remedy } = await rejection(compileSeeded({ target: "simd128" }));
    expect(message).toContain("i8 needs the dot product of the relaxed SIMD proposal");
    expect(remedy).toContain("choose i16");
  });
});
