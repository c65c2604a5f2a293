import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { compile } from "../../../../detectors/compiler/compile.ts";
import { type CompileFileOptions, compileFile } from "../../../../detectors/compiler/compile-file.ts";
import { defaultLabels } from "../../../../detectors/compiler/import/default-labels.ts";
import { readModel } from "../../../../detectors/detector.ts";
import { temporaryFolder } from "../../../support/base/temporary-folder.ts";
import { writeCheckpoint } from "../../../support/checkpoint.ts";
import { writeModuleFile } from "../../../support/fake-modules.ts";
import { seededYolov5nGraph } from "../../../support/seeded-yolov5n.ts";
import { smallYolov5 } from "../../../support/yolov5-onnx.ts";
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

describe("what a compiled module says of itself", () => {
  it("can always be read by the runtime, with texts as long as they may be", async () => {
    const names = ["🚪".repeat(100), "b".repeat(100), "c"];
    const options = { name: "n".repeat(200), licence: "L".repeat(200), release: 7 };
    const { bytes, description } = await compileNamed({ names }, options);
    expect(await readModel(writeModuleFile(bytes))).toMatchObject({
      name: options.name,
      labels: names,
      release: 7,
      source: { licence: options.licence },
    });
    expect(description.labels).toEqual(names);
  });

  it("has labels without the line breaks that a file of names left on them", async () => {
    const { description } = await compileNamed({ names: ["person\r\n", "\tcar", " dog "] });
    expect(description.labels, "a label that can be shown stays as it is").toEqual([
      "person",
      "car",
      " dog ",
    ]);
  });

  it.each<[string, CompileFileOptions, RegExp, string]>([
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
  ])("is refused with %s, before anything is computed", async (_, options, expected, remedy) => {
    const stages: string[] = [];
    const error = await rejection(compileNamed({}, { ...options, onStage: ({ name }) => stages.push(name) }));
    expect(error.message).toMatch(expected);
    expect(error.message).not.toMatch(HIDDEN);
    expect(error.message.length).toBeLessThan(400);
    expect(error.remedy).toContain(remedy);
    expect(stages).toEqual([]);
  });

  it("is refused for a model file whose name it cannot carry", async () => {
    const { message, remedy } = await rejection(compileNamed({ file: "best\u202etxt.pt" }));
    expect(message).toMatch(/The module's name/);
    expect(remedy).toContain("--name");
  });

  it.each([
    ["that is too long", "x".repeat(101), /class 1 .* received "x{59}…" \(101 characters\)/],
    ["with a direction override", "per\u202eson", /class 1/],
    ["with a terminal's escape sequence", "a\u001b]0;b\u0007c", /class 1/],
  ])("is refused for a class of a checkpoint %s, with what to do", async (_, name, expected) => {
    const { message, remedy } = await rejection(compileNamed({ names: ["a", name, "c"] }));
    expect(message).toMatch(expected);
    expect(message).toContain("tiny.pt");
    expect(message).not.toMatch(HIDDEN);
    expect(remedy).toMatch(/Rename the class/);
  });

  it.each([
    ["'a', '\\u202eb'", /class 1/],
    [`'a', '${"b".repeat(101)}'`, /class 1/],
    [`'a', '${"b".repeat(3_000_000)}'`, /it has 3000009 characters; expected 2000000 at most/],
  ])("is refused for such names in an ONNX file", async (names, expected) => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "small.onnx");
    await writeFile(path, smallYolov5({ metadata: { names: `[${names}]` } }));
    const { message } = await rejection(compileFile(path));
    expect(message).toMatch(expected);
    expect(message.length).toBeLessThan(600);
  });

  it("is refused where all names together are more than a description holds, or too many", async () => {
    const graph = await seededYolov5nGraph(SIZE, { classes: 3 });
    const source = { format: "onnx", sha256: "0".repeat(64), licence: "MIT" } as const;
    const compiling = (count: number, label: string) => () =>
      compile({ name: "seeded", labels: Array(count).fill(label), graph }, { source });
    expect(compiling(10_000, "é".repeat(100))).toThrow(/would have 20\d+ bytes; expected 1000000 at most/);
    expect(compiling(10_001, "a")).toThrow(/tells 1 to 10000 classes apart, this model 10001/);
    expect(() => defaultLabels(2 ** 31)).toThrow(/tells 1 to 10000 classes apart/);
  });
});

describe("the release", () => {
  it("is in the description where it was given, and changes nothing else", async () => {
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
