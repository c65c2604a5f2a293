/**
 * Measures the time from opening a camera to its first frame, beside ffmpeg on the same camera:
 *
 *   npm run -s bench:first-frame -- [--rounds 10] [--json]
 *
 * The camera is GStreamer's RTSP server on this machine, started anew for each measurement, so that its first client gets a
 * key frame at once. The agent's reader runs in this process, as in a daemon that already runs when a camera comes on.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Command } from "commander";
import { systemClock } from "../agent/base/clock.ts";
import { readCamera } from "../agent/camera/read-camera.ts";
import { startRtspCamera } from "../tests/support/camera/rtsp-camera.ts";
import { makeTestClip } from "../tests/support/camera/test-clip.ts";
import { median } from "./benchmark/race.ts";

/** The aim for the agent, milliseconds. */
const AT_MOST_MS = 500;
const SIZE = { width: 768, height: 432 };

const values = new Command("bench:first-frame")
  .description(
    "Measures the time from opening a camera to its first frame, beside ffmpeg on the same camera.",
  )
  .option("--rounds <n>", "measurements of each", Number, 10)
  .option("--json", "print one line of JSON per program", false)
  .addHelpText("after", "\nThe camera sends a key frame at once. Figures are medians in milliseconds.")
  .parse()
  .opts<{ readonly rounds: number; readonly json: boolean }>();

const readers: Readonly<Record<string, (address: string) => Promise<void>>> = {
  async sabrewing(address) {
    const stream = { camera: "camera", address, transport: "auto", size: undefined, fps: 5 } as const;
    const signal = new AbortController().signal;
    for await (const _frame of readCamera(stream, { clock: systemClock, signal })) break;
  },
  async ffmpeg(address) {
    const input = ["-nostdin", "-v", "error", "-rtsp_transport", "tcp", "-i", address];
    await promisify(execFile)("ffmpeg", [...input, "-frames:v", "1", "-f", "null", "-"]);
  },
};

async function timeOnce(clip: string, read: (address: string) => Promise<void>): Promise<number> {
  await using camera = await startRtspCamera({ clip });
  const startMs = performance.now();
  await read(camera.address);
  return performance.now() - startMs;
}

using clip = makeTestClip({ ...SIZE, fps: 10, seconds: 10 });
const times = new Map(Object.keys(readers).map((name) => [name, [] as number[]]));
// The first round loads code and libraries.
for (let round = 0; round <= values.rounds; round++) {
  for (const [name, read] of Object.entries(readers)) {
    const ms = await timeOnce(clip.file, read);
    if (round > 0) times.get(name)?.push(ms);
  }
}
for (const [name, all] of times) {
  const p50 = Math.round(median(all) ?? Number.NaN);
  const row = name === "sabrewing" ? { at_most_ms: AT_MOST_MS, ok: p50 <= AT_MOST_MS } : {};
  if (row.ok === false) process.exitCode = 1;
  console.log(
    values.json
      ? JSON.stringify({ name, p50_ms: p50, ...row })
      : `${name.padEnd(10)} ${p50} ms${row.at_most_ms === undefined ? "" : ` (at most ${AT_MOST_MS} ms: ${row.ok ? "ok" : "too slow"})`}`,
  );
}
