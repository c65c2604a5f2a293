import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadConfig } from "../../../agent/config/load.ts";
import { temporaryFolder } from "../../support/base/temporary-folder.ts";

const CONFIG = `mqtt: {host: b, user: u, password: "{BROKER_PASSWORD}"}
model: {path: m.wasm}
cameras: {door: {ffmpeg: {inputs: [{path: "rtsp://camera/1"}]}}}
`;

test("names the variable that is empty where a value is needed", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "sabrewing.yml");
  writeFileSync(file, CONFIG.replace("host: b,", 'host: "{BROKER}",').replace("rtsp://camera", "{CAMERA}"));
  writeFileSync(join(folder.path, "secrets.env"), "BROKER=''\nCAMERA=''\nBROKER_PASSWORD='x'\n");
  expect(() => loadConfig(file, {})).toThrow(/mqtt\.host: the environment variable BROKER is empty/);
  expect(() => loadConfig(file, {})).toThrow(/path: the environment variable CAMERA is empty/);
  expect(() => loadConfig(file, { CAMERA: "http://x" })).not.toThrow(/CAMERA is empty/);
});

test("reads secrets.env next to the configuration; the environment overrides it", async () => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, "sabrewing.yml");
  writeFileSync(file, CONFIG);
  expect(() => loadConfig(file, {})).toThrow(/BROKER_PASSWORD is not set/);
  writeFileSync(join(folder.path, "secrets.env"), "BROKER_PASSWORD='from $file'\n");
  expect(loadConfig(file, {}).config.mqtt.password).toBe("from $file");
  expect(loadConfig(file, { BROKER_PASSWORD: "set" }).config.mqtt.password).toBe("set");
});
