import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ConfigError, UsageError } from "../../../../agent/base/errors.ts";
import {
  type ModuleOrder,
  parseRelease,
  writeModule,
} from "../../../../agent/commands/compile/write-module.ts";
import { showProgress } from "../../../../agent/commands/shared/progress.ts";
import { ModelError, readModel } from "../../../../detectors/detector.ts";
import { findModel } from "../../../support/base/materials.ts";
import { temporaryFolder } from "../../../support/base/temporary-folder.ts";
import { TextStream } from "../../../support/base/text-stream.ts";
import { writeCheckpoint } from "../../../support/models/checkpoint.ts";

const SIZE = { width: 64, height: 32 };

/** Compiles a tiny checkpoint in this folder. */
async function compileIn(folder: string, order: Partial<ModuleOrder> = {}) {
  const model = join(folder, "tiny.pt");
  await writeFile(model, writeCheckpoint());
  const stderr = new TextStream();
  const graphs: string[] = [];
  const whole = { model, out: join(folder, "tiny.wasm"), size: SIZE, ...order };
  const report = await writeModule(whole, showProgress("compile", stderr), (graph) => graphs.push(graph));
  if (report.task !== "detect") throw new Error("expected a detector");
  return { report, graphs, stderr };
}

describe("compiling to a file", () => {
  test("writes only the module, whose description agrees with the report", async () => {
    await using folder = await temporaryFolder();
    const { report, stderr } = await compileIn(folder.path);
    const info = await readModel(report.out);
    expect(info).toMatchObject({
      name: "tiny",
      sha256: report.sha256,
      bytes: report.bytes,
      input: report.input,
      labels: report.labels,
      precision: "f32",
    });
    expect(info.licence).toBe("unknown");
    expect((await readdir(folder.path)).sort()).toEqual(["tiny.pt", "tiny.wasm"]);
    expect(stderr.text).toContain("compile: import");
    expect(stderr.text).toContain("(100 %)");
  });

  test("writes the given name and licence into the module", async () => {
    await using folder = await temporaryFolder();
    const { report } = await compileIn(folder.path, { name: "gate", licence: "MIT" });
    const info = await readModel(report.out);
    expect([info.name, info.licence]).toEqual(["gate", "MIT"]);
  });

  test("writes the given release into the module, none by default", async () => {
    await using folder = await temporaryFolder();
    const { report } = await compileIn(folder.path, { release: 7 });
    expect([report.release, (await readModel(report.out)).release]).toEqual([7, 7]);
    expect("release" in (await compileIn(folder.path)).report).toBe(false);
  });

  test.each(["-1", "1.5", "", "1e3", "0x10", " 1", "9007199254740992"])("refuses the release %j", (text) => {
    expect(() => parseRelease(text)).toThrow(/whole number, 0 or more/);
  });

  test.skipIf(!findModel("yolov5n.pt"))("recognises the licence of known weights", async () => {
    await using folder = await temporaryFolder();
    const { report } = await compileIn(folder.path, { model: findModel("yolov5n.pt") ?? "" });
    expect((await readModel(report.out)).licence).toBe("AGPL-3.0");
  });

  test("shows the graph after the requested stage", async () => {
    await using folder = await temporaryFolder();
    const { graphs } = await compileIn(folder.path, { print: "import" });
    expect(graphs).toHaveLength(1);
    expect(graphs[0]).toContain("yolov5_detect");
  });

  test("lists the stages if the requested one is unknown, and writes nothing", async () => {
    await using folder = await temporaryFolder();
    const compiling = compileIn(folder.path, { print: "nonsense" });
    await expect(compiling).rejects.toThrow(UsageError);
    await expect(compiling).rejects.toMatchObject({ remedy: expect.stringMatching(/import, .*emit/) });
    expect(await readdir(folder.path)).toEqual(["tiny.pt"]);
  });

  test("reports that the module cannot be written, and leaves no file behind", async () => {
    await using folder = await temporaryFolder();
    const out = join(folder.path, "taken");
    await mkdir(join(out, "by-a-folder"), { recursive: true });
    await expect(compileIn(folder.path, { out })).rejects.toThrow(ConfigError);
    expect((await readdir(folder.path)).sort()).toEqual(["taken", "tiny.pt"]);
  });

  test("keeps an older module if the model cannot be compiled", async () => {
    await using folder = await temporaryFolder();
    const { report } = await compileIn(folder.path);
    const broken = join(folder.path, "broken.pt");
    await writeFile(broken, writeCheckpoint().subarray(0, 5000));
    await expect(compileIn(folder.path, { model: broken })).rejects.toThrow(ModelError);
    expect((await readModel(report.out)).sha256).toBe(report.sha256);
  });
});
