import { mkdir, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { KnownModel } from "../../../../detectors/catalog/known-model.ts";
import { locateModel, sabrewingHome } from "../../../../detectors/catalog/locate-model.ts";
import { ModelError } from "../../../../detectors/errors.ts";
import { temporaryFolder } from "../../../support/base/temporary-folder.ts";
import { knownModel, sha256Of } from "./known-model.ts";

const weights = Uint8Array.of(1, 2, 3);
const model = knownModel(weights, "https://example.org/tiny.pt");

/** Writes the weights (or other bytes under their name) into a folder, which it creates when needed. */
async function put(folder: string, bytes: Uint8Array = weights): Promise<string> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, model.files[0].path);
  await writeFile(path, bytes);
  return path;
}

describe("searching for a known model", () => {
  test("searches $SABREWING_HOME, its models/ and the shared folder, in this order", async () => {
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

  test("skips a file of the same name that is not the model", async () => {
    await using root = await temporaryFolder();
    const places = { env: { SABREWING_HOME: root.path }, sharedFolder: join(root.path, "shared") };
    await put(root.path, Uint8Array.of(9));
    expect(await locateModel(model, places)).toBeUndefined();
    const second = await put(join(root.path, "models"));
    expect(await locateModel(model, places)).toBe(second);
  });

  test("accepts a path that the user gives, if it is the model", async () => {
    await using root = await temporaryFolder();
    const path = await put(root.path);
    expect(await locateModel(model, { env: {}, explicitPath: path })).toBe(path);
  });

  test("refuses a path that the user gives when it does not exist or is another file", async () => {
    await using root = await temporaryFolder();
    const other = await put(root.path, Uint8Array.of(9));
    await expect(locateModel(model, { env: {}, explicitPath: other })).rejects.toThrow(
      /is not a file of tiny: expected SHA-256/,
    );
    const missing = join(root.path, "missing.pt");
    await expect(locateModel(model, { env: {}, explicitPath: missing })).rejects.toThrow(ModelError);
  });

  test("finds a model of several files only where all files exist", async () => {
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
    await expect(locateModel(pair, { env: {}, explicitPath: path })).rejects.toThrow(/a\.bin: no such file/);

    await writeFile(join(root.path, "pair", "a.bin"), network);
    expect(await locateModel(pair, places)).toBe(path);
    expect(await locateModel(pair, { env: {}, explicitPath: path })).toBe(path);
  });

  test("uses ~/.cache/sabrewing unless $SABREWING_HOME is set", () => {
    expect(sabrewingHome({ SABREWING_HOME: "/data" })).toBe("/data");
    expect(sabrewingHome({})).toBe(join(homedir(), ".cache", "sabrewing"));
    expect(sabrewingHome({ SABREWING_HOME: "" })).toBe(join(homedir(), ".cache", "sabrewing"));
  });
});
