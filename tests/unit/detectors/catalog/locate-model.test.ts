import { mkdir, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { KnownModel } from "../../../../detectors/catalog/known-model.ts";
import { locateModel, sabrewingHome } from "../../../../detectors/catalog/locate-model.ts";
import { ModelError } from "../../../../detectors/errors.ts";
import { temporaryFolder } from "../../../support/base/temporary-folder.ts";
import { knownModel, sha256Of } from "./known-model.ts";

const weights = Uint8Array.of(1, 2, 3);
const model = knownModel(weights, "https://example.org/tiny.pt");

/** Puts the weights (or something else under their name) into a folder that may not exist yet. */
async function put(folder: string, bytes: Uint8Array = weights): Promise<string> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, model.files[0].path);
  await writeFile(path, bytes);
  return path;
}

describe("looking for a known model", () => {
  it("looks into $SABREWING_HOME, its models/, then the shared folder", async () => {
    await using root = await temporaryFolder();
    const home = join(root.path, "home");
    const shared = join(root.path, "shared");
    const places = { env: { SABREWING_HOME: home }, sharedFolder: shared };
    expect(await locateModel(model, places)).toBeUndefined();

    const third = await put(join(shared, "models"));
    expect(await locateModel(model, places)).toBe(third);
    const second = await put(join(home, "models"));
    expect(await locateModel(model, places)).toBe(second);
    const first = await put(home);
    expect(await locateModel(model, places)).toBe(first);
  });

  it("passes over a file of that name that is not the model", async () => {
    await using root = await temporaryFolder();
    const places = { env: { SABREWING_HOME: root.path }, sharedFolder: join(root.path, "shared") };
    await put(root.path, Uint8Array.of(9));
    expect(await locateModel(model, places)).toBeUndefined();
    const second = await put(join(root.path, "models"));
    expect(await locateModel(model, places)).toBe(second);
  });

  it("takes a path that the user names, if it is the model", async () => {
    await using root = await temporaryFolder();
    const path = await put(root.path);
    expect(await locateModel(model, { env: {}, explicitPath: path })).toBe(path);
  });

  it("refuses a path that the user names when it is missing or another file", async () => {
    await using root = await temporaryFolder();
    const other = await put(root.path, Uint8Array.of(9));
    await expect(locateModel(model, { env: {}, explicitPath: other })).rejects.toThrow(
      /is not of tiny: expected SHA-256/,
    );
    const missing = join(root.path, "missing.pt");
    await expect(locateModel(model, { env: {}, explicitPath: missing })).rejects.toThrow(ModelError);
  });

  it("finds a model of several files only where all of them are", async () => {
    await using root = await temporaryFolder();
    const network = Uint8Array.of(4, 5);
    const files = [
      { path: "pair/a.json", sha256: sha256Of(weights), bytes: weights.length },
      { path: "pair/a.bin", sha256: sha256Of(network), bytes: network.length },
    ] as const;
    const pair: KnownModel = { ...model, files };
    const places = { env: { SABREWING_HOME: root.path }, sharedFolder: join(root.path, "shared") };
    const path = join(root.path, "pair", "a.json");
    await mkdir(join(root.path, "pair"));
    await writeFile(path, weights);
    expect(await locateModel(pair, places)).toBeUndefined();
    await expect(locateModel(pair, { env: {}, explicitPath: path })).rejects.toThrow(/a\.bin: there is no/);

    await writeFile(join(root.path, "pair", "a.bin"), network);
    expect(await locateModel(pair, places)).toBe(path);
    expect(await locateModel(pair, { env: {}, explicitPath: path })).toBe(path);
  });

  it("keeps things in ~/.cache/sabrewing unless $SABREWING_HOME says otherwise", () => {
    expect(sabrewingHome({ SABREWING_HOME: "/data" })).toBe("/data");
    expect(sabrewingHome({})).toBe(join(homedir(), ".cache", "sabrewing"));
    expect(sabrewingHome({ SABREWING_HOME: "" })).toBe(join(homedir(), ".cache", "sabrewing"));
  });
});
