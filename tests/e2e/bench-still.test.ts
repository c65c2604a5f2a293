import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { findMedia, findModel } from "../support/base/materials.ts";
import { hasRtspServer } from "../support/camera/rtsp-camera.ts";
import { mosquittoIsInstalled } from "../support/mqtt/brokers.ts";

const BENCH = fileURLToPath(new URL("../../scripts/bench-still.ts", import.meta.url));
const materials = findModel("yolov5n.pt") !== undefined && findMedia("person.mp4") !== undefined;

test.skipIf(!materials || !mosquittoIsInstalled || !hasRtspServer())(
  "the benchmark of still scenes prints a row for each scene, and exits with 1 if one costs too much",
  { timeout: 180_000 },
  async () => {
    const words = [
      "--only",
      "still,eight-cameras",
      "--rounds",
      "1",
      "--seconds",
      "3",
      "--warm-up",
      "1",
      "--json",
    ];
    const { stdout, code } = await promisify(execFile)(process.execPath, [BENCH, ...words]).then(
      ({ stdout }) => ({ stdout, code: 0 }),
      (error: { stdout: string; code: number }) => error,
    );
    const rows = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(rows).toEqual([
      {
        scene: "still",
        transport: "rtsp",
        ratio: expect.any(Number),
        at_most: 0.35,
        ok: expect.any(Boolean),
      },
      {
        scene: "eight-cameras",
        transport: "rtsp",
        ratio: expect.any(Number),
        at_most: 0.02,
        ok: expect.any(Boolean),
      },
    ]);
    for (const { ratio, at_most, ok } of rows) {
      expect(ratio).toBeGreaterThan(0);
      expect(ok).toBe(ratio <= at_most);
    }
    expect(code).toBe(rows.every(({ ok }) => ok) ? 0 : 1);
  },
);
