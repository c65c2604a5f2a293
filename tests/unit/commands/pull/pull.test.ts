import { existsSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { TransientError, UsageError } from "../../../../agent/base/errors.ts";
import { listModels, pullCommand, pullModel } from "../../../../agent/commands/pull/pull.ts";
import { chooseModule, ModelError, readModel } from "../../../../detectors/detector.ts";
import { temporaryFolder } from "../../../support/base/temporary-folder.ts";
import { TextStream } from "../../../support/base/text-stream.ts";
import { writeCheckpoint } from "../../../support/models/checkpoint.ts";
import { startFileServer } from "../../../support/network/file-server.ts";
import { knownModel } from "../../detectors/catalog/known-model.ts";

const checkpoint = writeCheckpoint({ classes: 1, names: ["thing"] });
const SIZE = { width: 64, height: 32 };

function context(home: string) {
  return { env: { SABREWING_HOME: home }, stdout: new TextStream(), stderr: new TextStream() };
}

describe("sabrewing pull", () => {
  test("shows the licence, downloads, compiles, and keeps both files in $SABREWING_HOME", async () => {
    await using server = await startFileServer((_request, response) => response.end(checkpoint));
    await using home = await temporaryFolder();
    const around = context(home.path);
    const [report, ...more] = await pullModel(
      knownModel(checkpoint, server.url),
      { size: SIZE, json: true },
      around,
    );
    if (report === undefined) throw new Error("expected a report");
    expect(more).toEqual([]);

    expect(around.stderr.text).toContain("tiny is under MIT of Example: Keep the notice.");
    expect(around.stderr.text).toContain("download: tiny");
    expect(JSON.parse(around.stdout.text)).toEqual(report);
    expect((await readdir(home.path)).sort()).toEqual(["tiny-64x32.wasm", "tiny.pt"]);
    const info = await readModel(report.out);
    expect(info).toMatchObject({ name: "tiny", labels: ["thing"], sha256: report.sha256, input: SIZE });
    expect(info.licence).toBe("MIT");
    expect((await readFile(report.out)).length).toBe(report.bytes);
  });

  test("compiles for this machine's engine, or with --portable for every engine", async () => {
    await using folder = await temporaryFolder();
    const weights = join(folder.path, "brought.pt");
    await writeFile(weights, checkpoint);
    const known = knownModel(checkpoint, "http://127.0.0.1:1/");
    const featuresOf = async (options: { portable?: boolean }) => {
      const order = { ...options, weights, size: SIZE, json: false };
      const [report] = await pullModel(known, order, context(folder.path));
      return (await readModel(report?.out ?? "")).features;
    };
    expect(await featuresOf({})).toContain("relaxed-simd");
    expect(await featuresOf({ portable: true })).not.toContain("relaxed-simd");
  });

  test("writes all variants side by side, and the fastest is chosen from them", async () => {
    await using folder = await temporaryFolder();
    const weights = join(folder.path, "brought.pt");
    await writeFile(weights, checkpoint);
    const around = context(folder.path);
    const known = knownModel(checkpoint, "http://127.0.0.1:1/");
    const reports = await pullModel(known, { weights, size: SIZE, variants: true, json: true }, around);
    expect(
      around.stdout.text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toEqual(reports);
    const set = join(folder.path, "tiny-64x32.wasm");
    expect(reports.map(({ out }) => out)).toEqual(
      expect.arrayContaining([set.replace(".wasm", ".f32-relaxed.wasm"), set.replace(".wasm", ".f32.wasm")]),
    );
    // i8 is missing: it needs calibration.
    expect(around.stderr.text).toContain("i8 is skipped: it needs calibration");
    expect(chooseModule(set, { lacking: () => [] }).path).toBe(set.replace(".wasm", ".i16.wasm"));
    expect(chooseModule(set, { lacking: () => [], precision: "f32" }).path).toMatch(/\.f32-relaxed\.wasm$/);
  });

  test("writes the given release into every variant", async () => {
    await using folder = await temporaryFolder();
    const weights = join(folder.path, "brought.pt");
    await writeFile(weights, checkpoint);
    const known = knownModel(checkpoint, "http://127.0.0.1:1/");
    const order = { weights, size: SIZE, variants: true, release: 4, json: true };
    const reports = await pullModel(known, order, context(folder.path));
    expect(reports.map(({ release }) => release)).toEqual(reports.map(() => 4));
    for (const { out } of reports) expect((await readModel(out)).release).toBe(4);
  });

  test("uses a local file of weights and writes to the given path", async () => {
    await using folder = await temporaryFolder();
    const weights = join(folder.path, "brought.pt");
    await writeFile(weights, checkpoint);
    const output = join(folder.path, "new", "gate.wasm");
    const around = context(join(folder.path, "unused"));
    const known = knownModel(checkpoint, "http://127.0.0.1:1/");
    await pullModel(known, { output, weights, size: SIZE, json: false }, around);
    expect(around.stdout.text).toMatch(/gate\.wasm: 64x32, 1 labels, f32, \d+\.\d MB, licence MIT\n$/);
    expect(await readdir(join(folder.path, "new"))).toEqual(["gate.wasm"]);
  });

  test("fails temporarily if the publisher cannot be reached, and says where to put a file obtained otherwise", async () => {
    await using home = await temporaryFolder();
    const pulling = pullModel(
      knownModel(checkpoint, "http://127.0.0.1:1/tiny.pt"),
      { json: false },
      context(home.path),
    );
    const error = await pulling.catch((error: unknown) => error);
    expect(error).toBeInstanceOf(TransientError);
    expect(error instanceof TransientError && error.remedy).toContain(
      `put it at ${join(home.path, "tiny.pt")}`,
    );
  });

  test("fails for good if the publisher sends another file", async () => {
    await using server = await startFileServer((_request, response) =>
      response.end("<html>please log in</html>"),
    );
    await using home = await temporaryFolder();
    const known = knownModel(checkpoint, server.url);
    await expect(pullModel(known, { json: false }, context(home.path))).rejects.toThrow(ModelError);
    expect(await readdir(home.path)).toEqual([]);
  });

  test("refuses an unknown name and lists the known ones", async () => {
    const pulling = pullCommand().parseAsync(["yolov9000"], { from: "user" });
    await expect(pulling).rejects.toMatchObject({
      message: 'unknown model "yolov9000"',
      remedy: "Choose one of: yolov5n, mobilenet.",
    });
  });
});

describe("sabrewing pull without a name", () => {
  test("lists each model with its licence and source on one line", async () => {
    await using home = await temporaryFolder();
    const around = context(home.path);
    await listModels({ json: false }, around);
    const lines = around.stdout.text.split("\n");
    expect(lines[0]).toMatch(/^name +download +input +labels +mAP +licence +here +from$/);
    expect(lines[1]).toMatch(
      /^yolov5n +4\.1 MB +640x640 +80 +28\.0 +AGPL-3\.0 +(yes|no) +https:.*yolov5n\.pt$/,
    );
    expect(lines[2]).toMatch(
      /^mobilenet +28\.6 MB +512x512 +80 +25\.1\* +MIT +(yes|no) +npm @vladmandic\/human 3/,
    );
    expect(around.stdout.text).toContain("on COCO val2017, as published");
    expect(around.stdout.text).toMatch(/^\* mobilenet: stated by /m);
  });

  test("prints a JSON line per model, with the path of weights on this machine", async () => {
    await using home = await temporaryFolder();
    const around = context(home.path);
    await listModels({ json: true }, around);
    const models = around.stdout.text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(models.map(({ name }) => name)).toEqual(["yolov5n", "mobilenet"]);
    expect(models[1]).toMatchObject({
      download_bytes: 28_615_417,
      input: { width: 512, height: 512 },
      licence: { id: "MIT", holder: "Vladimir Mandic" },
      from: "npm @vladmandic/human 3.3.6",
    });
    expect(models[1].labels).toHaveLength(80);
    for (const { path } of models) expect(path === null || existsSync(path)).toBe(true);
  });

  test("refuses options that need a model", async () => {
    const listing = listModels({ json: false, output: "gate.wasm" }, context("/nowhere"));
    await expect(listing).rejects.toThrow(UsageError);
  });
});
