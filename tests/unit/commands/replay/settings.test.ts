import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { replaySettings } from "../../../../agent/commands/replay/settings.ts";
import { temporaryFolder } from "../../../support/base/temporary-folder.ts";

describe("a replay's settings", () => {
  test("are the defaults of every key without a configuration, overridden by the options", () => {
    const { camera, module, prefix } = replaySettings(
      { model: "m.wasm", track: "person, dog", fps: "10" },
      {},
    );
    expect([module.path, prefix, camera.name]).toEqual(["m.wasm", "sabrewing", "replay"]);
    expect(camera.objects.track).toEqual(["person", "dog"]);
    expect(camera.detect).toMatchObject({ fps: 10, min_initialized: 5, max_disappeared: 50 });
    expect(camera.snapshots.enabled).toBe(false);
  });

  test("come from the camera in the named configuration", async () => {
    await using folder = await temporaryFolder();
    const config = join(folder.path, "sabrewing.yml");
    writeFileSync(
      config,
      `mqtt: {host: broker, topic_prefix: frigate}
model: {path: configured.wasm}
detector: {runtime: v8}
cameras:
  door: {ffmpeg: {inputs: [{path: "rtsp://camera/1"}]}, rotate: 90, objects: {track: [car]}}
  yard: {ffmpeg: {inputs: [{path: "rtsp://camera/2"}]}, detect: {fps: 2}}
`,
    );
    const yard = replaySettings({ config, camera: "yard" }, {});
    expect(yard).toMatchObject({
      prefix: "frigate",
      module: { path: join(folder.path, "configured.wasm") },
      runtime: "v8",
    });
    expect(yard.camera).toMatchObject({ name: "yard", detect: { fps: 2 } });
    expect(
      replaySettings({ config, camera: "door", model: "other.wasm", runtime: "wasmer" }, {}),
    ).toMatchObject({
      module: { path: "other.wasm", trust: {} },
      runtime: "wasmer",
      camera: { objects: { track: ["car"] } },
    });
    expect(replaySettings({ config, camera: "door" }, {}).rotate).toBe(90);
    expect(replaySettings({ config, camera: "door", rotate: 0 }, {}).rotate).toBe(0);
    expect(() => replaySettings({ config }, {})).toThrow(/has several cameras/);
    expect(() => replaySettings({ config, camera: "shed" }, {})).toThrow(/no camera "shed"/);
  });

  test("are refused if an option is invalid", () => {
    expect(() => replaySettings({ model: "m.wasm", fps: "fast" }, {})).toThrow(/--fps: expected a number/);
    expect(() => replaySettings({ model: "m.wasm", track: " , " }, {})).toThrow(/--track: expected labels/);
  });
});
