import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { chooseModel, demoCandidates } from "../../../scripts/demonstration/choose-model.ts";
import { temporaryFolder } from "../../support/base/temporary-folder.ts";
import { TextStream } from "../../support/base/text-stream.ts";
import { startFileServer } from "../../support/network/file-server.ts";
import { knownModel } from "../detectors/catalog/known-model.ts";

const weights = Uint8Array.of(1, 2, 3);
const otherWeights = Uint8Array.of(4, 5, 6);
const NOWHERE = "http://127.0.0.1:1/nothing-listens-here";

function candidates(preferredUrl: string, fallbackUrl: string) {
  const fallback = knownModel(otherWeights, fallbackUrl);
  return {
    preferred: { ...knownModel(weights, preferredUrl), name: "first" },
    fallback: {
      ...fallback,
      name: "second",
      files: [{ ...fallback.files[0], path: "second.json" }] as const,
    },
  };
}

describe("the model of the demo", () => {
  test("is YOLOv5n or, as the fallback, MobileNet", () => {
    const { preferred, fallback } = demoCandidates();
    expect([preferred.name, fallback.name]).toEqual(["yolov5n", "mobilenet"]);
  });

  test("is the preferred one without a message when it can be downloaded", async () => {
    await using folder = await temporaryFolder();
    await using server = await startFileServer((_request, response) => response.end(weights));
    const said: string[] = [];
    const places = { env: { SABREWING_HOME: folder.path }, sharedFolder: folder.path };
    const chosen = await chooseModel(candidates(server.url, NOWHERE), places, new TextStream(), (line) =>
      said.push(line),
    );
    expect(chosen.known.name).toBe("first");
    expect(chosen.weights).toBe(join(folder.path, "tiny.pt"));
    expect(said).toEqual([]);
  });

  test("is the fallback when the download fails, with one line that gives the reason", async () => {
    await using folder = await temporaryFolder();
    await using server = await startFileServer((_request, response) => response.end(otherWeights));
    const said: string[] = [];
    const places = { env: { SABREWING_HOME: folder.path }, sharedFolder: folder.path };
    const chosen = await chooseModel(candidates(NOWHERE, server.url), places, new TextStream(), (line) =>
      said.push(line),
    );
    expect(chosen.weights).toBe(join(folder.path, "second.json"));
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(
      /^first is not available \(.*cannot be downloaded.*\), using second \(MIT\) instead$/,
    );
  });

  test("is the fallback without another download when only that one is present", async () => {
    await using folder = await temporaryFolder();
    await mkdir(join(folder.path, "models"));
    await writeFile(join(folder.path, "models", "second.json"), otherWeights);
    let requests = 0;
    await using server = await startFileServer((_request, response) => {
      requests++;
      response.end(weights);
    });
    const said: string[] = [];
    const places = { env: { SABREWING_HOME: folder.path }, sharedFolder: folder.path };
    const chosen = await chooseModel(candidates(server.url, NOWHERE), places, new TextStream(), (line) =>
      said.push(line),
    );
    expect(chosen.known.name).toBe("second");
    expect(requests).toBe(0);
    expect(said[0]).toContain("To download it: scripts/fetch-model first");
  });

  test("fails with a remedy when none is available", async () => {
    await using folder = await temporaryFolder();
    const places = { env: { SABREWING_HOME: folder.path }, sharedFolder: folder.path };
    const choosing = chooseModel(candidates(NOWHERE, NOWHERE), places, new TextStream(), () => {});
    await expect(choosing).rejects.toThrow(/no model is available[\s\S]*put it at .*second\.json/);
  });
});
