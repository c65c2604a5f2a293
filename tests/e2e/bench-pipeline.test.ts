import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { Row } from "../../scripts/benchmark/pipeline/row.ts";
import { findMedia, findModel } from "../support/base/materials.ts";
import { temporaryFolder } from "../support/base/temporary-folder.ts";
import { hasRtspServer } from "../support/camera/rtsp-camera.ts";
import { mosquittoIsInstalled } from "../support/mqtt/brokers.ts";

const BENCH = fileURLToPath(new URL("../../scripts/bench-pipeline.ts", import.meta.url));
const materials =
  findModel("yolov5n.onnx") !== undefined &&
  findMedia("person.mp4") !== undefined &&
  findMedia("street.mp4") !== undefined;

test.skipIf(!materials || !mosquittoIsInstalled || !hasRtspServer())(
  "the benchmark of ffmpeg, the agent and a script prints rows and draws a plot",
  { timeout: 180_000 },
  async () => {
    await using folder = await temporaryFolder();
    const { stdout } = await promisify(execFile)(process.execPath, [
      BENCH,
      ...["--cameras", "2", "--seconds", "4", "--settle-seconds", "1", "--variants", "i8"],
      ...["--only", "ffmpeg,sabrewing,onnxruntime-web", "--script-sizes", "320x320"],
      ...["--json", "--plot", folder.path],
    ]);
    const rows = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Row);
    expect(rows.map(({ name }) => name)).toEqual(["ffmpeg", "sabrewing", "onnxruntime-web"]);
    for (const row of rows) {
      expect(row).toMatchObject({ scene: "person+street", cameras: 2 });
      expect(row.cpu_per_camera_minute).toBeGreaterThan(0);
      expect(row.seen).toBeGreaterThan(0);
    }
    const [, ours, script] = rows;
    expect(ours).toMatchObject({ engine: "wasmer", variant: "i8", vs_ffmpeg: expect.any(Number) });
    expect(ours?.seen).toBe((ours?.gated ?? 0) + (ours?.inferred ?? 0) + (ours?.dropped ?? 0));
    // There is always a person in the street.
    expect(script?.messages).toBeGreaterThan(0);
    expect(script?.latency_p95_ms).toBeGreaterThan(0);
    for (const file of ["pipeline.svg", "pipeline.png"])
      expect(existsSync(join(folder.path, file))).toBe(true);
  },
);
