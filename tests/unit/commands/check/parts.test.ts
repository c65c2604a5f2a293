import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { systemClock } from "../../../../agent/base/clock.ts";
import { partsOf } from "../../../../agent/commands/check/parts.ts";
import { parseConfig } from "../../../../agent/config/load.ts";
import { temporaryFolder } from "../../../support/base/temporary-folder.ts";

const CAMERAS = Array.from({ length: 8 }, (_, index) => `c${index}`);

test.each(["images", "images/{camera}"])(
  "folders that cameras share are tried one after the other: %s",
  async (place) => {
    await using folder = await temporaryFolder();
    const data = join(folder.path, "data");
    const cameras = CAMERAS.map((name) => {
      const directory = join(data, place.replace("{camera}", name));
      return `  ${name}: {ffmpeg: {inputs: [{path: "rtsp://c/1"}]}, snapshots: {directory: "${directory}"}}`;
    });
    const text = ["mqtt: {host: b}", "model: {path: m.wasm}", "cameras:", ...cameras].join("\n");
    const config = parseConfig(text, join(folder.path, "sabrewing.yml"), {});
    const parts = partsOf(config, {
      clock: systemClock,
      signal: new AbortController().signal,
      cameraWithinMs: 1_000,
      stateDirectory: join(data, "state"),
      stateDirectories: [],
      agents: [],
      unit: undefined,
    });
    const folders = parts.filter(({ name }) => /^(?:state|snapshots)/.test(name));
    const found = await Promise.all(folders.map(({ trial }) => trial()));
    expect(found).toHaveLength(1 + CAMERAS.length);
    for (const { words } of found) expect(words).toContain(" can be created, ");
    expect(existsSync(data)).toBe(false);
  },
);
