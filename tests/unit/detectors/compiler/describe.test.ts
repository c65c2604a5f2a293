import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { compile } from "../../../../detectors/compiler/compile.ts";
import { type CompileFileOptions, compileFile } from "../../../../detectors/compiler/compile-file.ts";
import { defaultLabels } from "../../../../detectors/compiler/import/default-labels.ts";
import { readModel } from "../../../../detectors/detector.ts";
import { packageFolder } from "../../../../detectors/package-folder.ts";
import { temporaryFolder } from "../../../support/base/temporary-folder.ts";
import { writeModuleFile } from "../../../support/detectors/fake-modules.ts";
import { writeCheckpoint } from "../../../support/models/checkpoint.ts";
import { seededYolov5nGraph } from "../../../support/models/seeded-yolov5n.ts";
import { smallYolov5 } from "../../../support/models/yolov5-onnx.ts";
import { rejection } from "./import/rejection.ts";

const SIZE = { width: 64, height: 32 };
const HIDDEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

/** Compiles a small model of three classes. */
async function compileNamed(
  model: { readonly names?: readonly string[]; readonly file?: string },
  options: CompileFileOptions = {},
) {
  await using folder = await temporaryFolder();
  const path = join(folder.path, model.file ?? "tiny.pt");
  await writeFile(path, writeCheckpoint(model.names === undefined ? {} : { names: [...model.names] }));
  return await compileFile(path, { size: SIZE, ...options });
}

describe("the description of a compiled module", () => {
  test("can be read by the runtime when its texts have the maximum length", async () => {
    const names = ["🚪".repeat(100), "b".repeat(100), "c"];
    const options = { name: "n".repeat(200), licence: "L".repeat(200), release: 7 };
    const { bytes, description } = await compileNamed({ names }, options);
    expect(await readModel(writeModuleFile(bytes))).toMatchObject({
      name: options.name,
      labels: names,
      release: 7,
      licence: options.licence,
    });
    expect(description.labels).toEqual(names.map((name, id) => ({ id, name })));
  });

  test("states the version in package.json as the compiler's", async () => {
    const { version } = JSON.parse(await readFile(join(packageFolder(), "package.json"), "utf8"));
    expect((await compileNamed({})).description.compiler).toEqual({ version });
  });

  test("contains labels without white space at their ends", async () => {
    const { description } = await compileNamed({ names: ["person\r\n", "\tcar", " dog "] });
    expect(description.labels?.map(({ name }) => name)).toEqual(["person", "car", "dog"]);
  });

  test.each<[string, CompileFileOptions, RegExp, string]>([
    ["a long name", { name: "n".repeat(201) }, /The module's name .*\(201 characters\)/, "--name"],
    ["a name with an escape sequence", { name: "a\u001b[2J" }, /The module's name/, "--name"],
    ["an empty name", { name: "" }, /The module's name/, "--name"],
    [
      "a long licence",
      { licence: "L".repeat(20_000_000) },
      /The licence .*\(20000000 characters\)/,
      "--licence",
    ],
    ["a licence with a direction override", { licence: "MIT\u202e" }, /The licence/, "--licence"],
  ])("is refused with %s, before any stage runs", async (_, options, expected, remedy) => {
    const stages: string[] = [];
    const error = await rejection(compileNamed({}, { ...options, onStage: ({ name }) => stages.push(name) }));
    expect(error.message).toMatch(expected);
    expect(error.message).not.toMatch(HIDDEN);
    expect(error.message.length).toBeLessThan(400);
    expect(error.remedy).toContain(remedy);
    expect(stages).toEqual([]);
  });

  test("is refused when the model file's name is not plain text", async () => {
    const { message, remedy } = await rejection(compileNamed({ file: "best\u202etxt.pt" }));
    expect(message).toMatch(/The module's name/);
    expect(remedy).toContain("--name");
  });

  test.each([
    ["that is too long", "x".repeat(101), /class 1 .* received "x{59}…" \(101 characters\)/],
    ["with a direction override", "per\u202eson", /class 1/],
    ["with a terminal's escape sequence", "a\u001b]0;b\u0007c", /class 1/],
  ])("is refused for a class of a checkpoint %s, with a remedy", async (_, name, expected) => {
    const { message, remedy } = await rejection(compileNamed({ names: ["a", name, "c"] }));
    expect(message).toMatch(expected);
    expect(message).toContain("tiny.pt");
    expect(message).not.toMatch(HIDDEN);
    expect(remedy).toMatch(/Rename the class/);
  });

  test.each([
    ["'a', '\\u202eb'", /class 1/],
    [`'a', '${"b".repeat(101)}'`, /class 1/],
    [`'a', '${"b".repeat(3_000_000)}'`, /it has 3000009 characters; expected 2000000 at most/],
  ])("is refused for invalid names in an ONNX file", async (names, expected) => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "small.onnx");
    await writeFile(path, smallYolov5({ metadata: { names: `[${names}]` } }));
    const { message } = await rejection(compileFile(path));
    expect(message).toMatch(expected);
    expect(message.length).toBeLessThan(600);
  });

  test("is refused when all names together are too long, or there are too many", async () => {
    const graph = await seededYolov5nGraph(SIZE, { classes: 3 });
    const source = { format: "onnx", sha256: "0".repeat(64), licence: "MIT" } as const;
    const compiling = (count: number, label: string) => () =>
      compile({ task: "detect", name: "seeded", labels: Array(count).fill(label), graph }, { source });
    expect(compiling(10_000, "é".repeat(100))).toThrow(/would have 22\d+ bytes; expected at most 1000000/);
    expect(compiling(10_001, "a")).toThrow(/1 to 10000 classes, received 10001/);
    expect(() => defaultLabels(2 ** 31)).toThrow(/1 to 10000 classes, received 2147483648/);
  });
});

describe("the release", () => {
  test("is in the description when it is given, and changes nothing else", async () => {
    const [without, zero, three] = await Promise.all([
      compileNamed({}),
      compileNamed({}, { release: 0 }),
      compileNamed({}, { release: 3 }),
    ]);
    expect("release" in without.description).toBe(false);
    expect([zero.description.release, three.description.release]).toEqual([0, 3]);
    const { release, ...others } = three.description;
    expect([release, others]).toEqual([3, without.description]);
    expect(Buffer.compare(three.bytes, (await compileNamed({}, { release: 3 })).bytes)).toBe(0);
    const text = Buffer.from(without.bytes).toString("latin1");
    expect(text).toContain(JSON.stringify(without.description));
    expect(text).not.toContain("release");
  });
});
