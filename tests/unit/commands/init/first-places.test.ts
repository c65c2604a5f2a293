import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { firstConfigFile, firstModel } from "../../../../agent/commands/init/first-places.ts";
import { temporaryFolder } from "../../../support/base/temporary-folder.ts";

test("writes the first configuration to the service's folder if it exists", async () => {
  await using folder = await temporaryFolder();
  const ofService = join(folder.path, "etc/sabrewing.yml");
  const here = join(folder.path, "sabrewing.yml");
  expect(firstConfigFile([ofService, here])).toBe(here);
  mkdirSync(join(folder.path, "etc"));
  expect(firstConfigFile([ofService, here])).toBe(ofService);
});

test("chooses the pulled model, else the one in the package", async () => {
  await using folder = await temporaryFolder();
  const pulled = join(folder.path, "pulled.wasm");
  expect(firstModel(folder.path, pulled)).toBe(pulled);
  mkdirSync(join(folder.path, "models"));
  writeFileSync(join(folder.path, "models/LICENSE"), "");
  expect(firstModel(folder.path, pulled)).toBe(pulled);
  writeFileSync(join(folder.path, "models/carried.wasm"), "");
  expect(firstModel(folder.path, pulled)).toBe(join(folder.path, "models/carried.wasm"));
  writeFileSync(pulled, "");
  expect(firstModel(folder.path, pulled)).toBe(pulled);
});
