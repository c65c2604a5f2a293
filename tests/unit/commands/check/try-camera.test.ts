import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { systemClock } from "../../../../agent/base/clock.ts";
import { tryCamera } from "../../../../agent/commands/check/try-camera.ts";
import { parseConfig } from "../../../../agent/config/load.ts";
import { temporaryFolder } from "../../../support/base/temporary-folder.ts";
import { startScriptedCamera } from "../../../support/camera/scripted-camera.ts";

test("a decoder that is too slow is not blamed on the camera's key frames", async () => {
  await using folder = await temporaryFolder();
  const ffmpeg = join(folder.path, "ffmpeg");
  writeFileSync(ffmpeg, "#!/bin/sh\nexec sleep 60\n");
  chmodSync(ffmpeg, 0o755);
  vi.stubEnv("PATH", `${folder.path}:${process.env.PATH}`);
  await using camera = await startScriptedCamera();
  const text = `mqtt: {host: broker}
model: {path: m.wasm}
cameras: {door: {ffmpeg: {inputs: [{path: "rtsp://127.0.0.1:${camera.port}/cam"}]}}}
`;
  const [door] = parseConfig(text, "sabrewing.yml", {}).cameras;
  if (door === undefined) throw new Error("expected a camera");
  const never = new AbortController().signal;
  const tried = tryCamera(door, { clock: systemClock, signal: never, cameraWithinMs: 1_500 });
  await expect(tried).rejects.toThrow("no frame decoded within 1.5 s, although the camera sends key frames");
  vi.unstubAllEnvs();
});
