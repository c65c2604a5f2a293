import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { firstConfigFile, firstModel, modelFrom } from "../../../../agent/commands/init/first-places.ts";
import { temporaryFolder } from "../../../support/base/temporary-folder.ts";

test("writes the first configuration to the service's folder if it exists", async () => {
  await using folder = await temporaryFolder();
  const ofService = join(folder.path, "etc/sabrewing.yml");
  const here = join(folder.path, "sabrewing.yml");
  expect(firstConfigFile([ofService, here])).toBe(here);
  mkdirSync(join(folder.path, "etc"));
  expect(firstConfigFile([ofService, here])).toBe(ofService);
});

test("chooses the pulled model, else the one in the package, else the newest in the folders of pull", async () => {
  await using folder = await temporaryFolder();
  const [pulled, here, home] = ["pulled.wasm", "here", "home"].map((name) => join(folder.path, name));
  if (pulled === undefined || here === undefined || home === undefined) throw new Error("three names");
  const chosen = () => firstModel(folder.path, [here, home], pulled);
  expect(chosen()).toBe(pulled);
  for (const name of [here, home, join(folder.path, "models")]) mkdirSync(name);
  writeFileSync(join(folder.path, "models/LICENSE"), "");
  expect(chosen()).toBe(pulled);
  writeFileSync(join(home, "pulled.wasm"), "");
  expect(chosen()).toBe(join(home, "pulled.wasm"));
  writeFileSync(join(here, "yolov5n.wasm"), "");
  expect(chosen()).toBe(join(here, "yolov5n.wasm"));
  writeFileSync(join(folder.path, "models/carried.wasm"), "");
  expect(chosen()).toBe(join(folder.path, "models/carried.wasm"));
  writeFileSync(pulled, "");
  expect(chosen()).toBe(pulled);
});

test("names a model so that the agent finds it from the configuration's folder", () => {
  expect(modelFrom("sabrewing.yml", "m.wasm")).toBe("m.wasm");
  expect(modelFrom("/etc/sabrewing/sabrewing.yml", "m.wasm")).toBe(join(process.cwd(), "m.wasm"));
  expect(modelFrom("etc/sabrewing.yml", "/models/m.wasm")).toBe("/models/m.wasm");
});
