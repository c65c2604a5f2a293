import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { EventMessage } from "../../agent/events/event.ts";
import { compileFile } from "../../detectors/compiler/compile-file.ts";
import { sabrewing } from "../support/agent/sabrewing.ts";
import { findMedia, findModel } from "../support/base/materials.ts";
import { temporaryFolder } from "../support/base/temporary-folder.ts";
import { objectsIn, shareOfVisit, VISITS } from "../support/scenes/visits.ts";

const weights = findModel("yolov5n.pt") ?? findModel("yolov5n.onnx");
const clip = findMedia("person.mp4");

describe.skipIf(weights === undefined || clip === undefined)("sabrewing replay", () => {
  test("reports the six people who walk through the clip, each once", { timeout: 240_000 }, async () => {
    await using folder = await temporaryFolder();
    const events = eventsIn(await replay(folder.path, "320x192", []));
    const people = objectsIn(events);
    expect(people.map(({ label }) => label)).toEqual(VISITS.map(() => "person"));
    expect(events.filter(({ type }) => type === "end").map(({ after }) => after.id)).toEqual(
      people.map(({ id }) => id),
    );
    for (const [index, visit] of VISITS.entries()) {
      const person = people[index];
      expect(shareOfVisit(visit, person), `visit ${index + 1}`).toBeGreaterThanOrEqual(0.8);
      expect(Math.abs((person?.start_time ?? 0) - visit[0]), `person ${index + 1} appears`).toBeLessThan(1.5);
      expect(Math.abs((person?.end_time ?? 0) - visit[1]), `person ${index + 1} leaves`).toBeLessThan(1.5);
    }
  });

  test("prints the same lines on every run and in every engine", { timeout: 120_000 }, async () => {
    await using folder = await temporaryFolder();
    const inWasmer = await replay(folder.path, "160x96", ["--fps", "1"]);
    expect(inWasmer).not.toEqual("");
    expect(await replay(folder.path, "160x96", ["--fps", "1"])).toEqual(inWasmer);
    const inV8 = await replay(folder.path, "160x96", ["--fps", "1", "--runtime", "v8"]);
    expect(inV8.replaceAll('"runtime":"v8"', '"runtime":"wasmer"')).toEqual(inWasmer);
  });
});

/** @returns the output. */
async function replay(folder: string, size: string, options: readonly string[]): Promise<string> {
  const [width = 0, height = 0] = size.split("x").map(Number);
  const model = join(folder, `${size}.wasm`);
  writeFileSync(model, (await compileFile(weights ?? "", { size: { width, height } })).bytes);
  const { exitCode, stdout, stderr } = await sabrewing([
    "replay",
    clip ?? "",
    "--model",
    model,
    "--json",
    ...options,
  ]);
  expect(stderr).toBe("");
  expect(exitCode).toBe(0);
  return stdout;
}

function eventsIn(output: string): readonly EventMessage[] {
  return output
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line))
    .filter(({ topic }) => topic === "sabrewing/events")
    .map(({ payload }) => payload);
}
