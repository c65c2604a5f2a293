import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { firstConfigFile, firstModel } from "../../../../agent/commands/init/first-places.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";

test("a first configuration goes where the service looks for it, where that folder is there", async () => {
  await using folder = await temporaryFolder();
  const ofService = join(folder.path, "etc/sabrewing.yml");
  const here = join(folder.path, "sabrewing.yml");
  expect(firstConfigFile([ofService, here])).toBe(here);
  mkdirSync(join(folder.path, "etc"));
  expect(firstConfigFile([ofService, here])).toBe(ofService);
});

test("a first configuration names the model that was pulled, else the one that came along", async () => {
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
