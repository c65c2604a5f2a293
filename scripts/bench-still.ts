/**
 * Measures what it costs to watch a scene in which nothing happens, relative to decoding it.
 *
 *   npm run -s bench:still -- [--rounds 3] [--fps 5] [--json]
 *
 * The clip is a minute of person.mp4's first frame with noise and clouds (600 frames of H.264, as in bench:pipeline).
 * In each round ffmpeg decodes it and discards the frames; then the agent's pipeline reads it at 5 frames per second, runs
 * the motion gate, and runs the detector where needed. Both run as fast as they can. The figures are CPU time of all
 * threads, including the ffmpeg process that each of them starts. No frame is dropped, and Wasmer is loaded before.
 * `bench:pipeline --clips still` measures the daemon on an RTSP camera.
 */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { parseArgs, promisify } from "node:util";
import { systemClock } from "../agent/base/clock.ts";
import { readClip } from "../agent/camera/clip.ts";
import type { Frame } from "../agent/camera/frame.ts";
import { freezeCheck } from "../agent/camera/freeze-check.ts";
import { detectMotion, type Gate, startGate } from "../agent/motion/gate.ts";
import { temporaryFolder } from "../tests/support/base/temporary-folder.ts";
import { openYolov5n } from "../tests/support/detectors/open-yolov5n.ts";
import { defaultCamera, watchFrames } from "../tests/support/scenes/watch-frames.ts";
import { findClips, STILL } from "./benchmark/pipeline/clips.ts";
import { parseProcessStat } from "./benchmark/pipeline/processes.ts";
import { median } from "./benchmark/race.ts";
import { findModel } from "./materials.ts";

/** The aim: total CPU time of at most 1.35× that of ffmpeg's decoding. */
const AT_MOST = 1.35;
const INPUT = { width: 320, height: 192 };

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    fps: { type: "string", default: "5" },
    json: { type: "boolean" },
  },
});
const camera = defaultCamera(["person", "car"], Number(values.fps));
const weights = findModel("yolov5n.pt");
if (weights === undefined)
  throw new Error("yolov5n.pt is missing. To download it: scripts/fetch-model yolov5n");
await using folder = await temporaryFolder();
const [clip = ""] = await findClips([STILL], folder.path);
await using detector = await openYolov5n(weights, INPUT);

const ratios: number[] = [];
for (let round = 1; round <= Number(values.rounds); round++) {
  const decoding = await cpuSecondsOf(decode);
  let inferred = 0;
  const watching = await cpuSecondsOf(async () => {
    const report = await watch();
    inferred = report.inferred;
  });
  const ratio = watching / decoding;
  ratios.push(ratio);
  const row = {
    round,
    decode_s: rounded(decoding),
    watch_s: rounded(watching),
    ratio: rounded(ratio),
    inferred,
  };
  console.log(values.json ? JSON.stringify(row) : forPeople(row));
}
// The first round includes compilation. The agent runs for weeks, so the best round is the relevant one.
const best = rounded(Math.min(...ratios));
const gateMs = rounded(await timeGate());
const verdict = { best_ratio: best, at_most: AT_MOST, gate_ms: gateMs };
console.log(
  values.json
    ? JSON.stringify(verdict)
    : `best ${best.toFixed(2)}×; target: at most ${AT_MOST}×\nmotion gate: ${gateMs.toFixed(2)} ms a frame (median)`,
);

async function decode(): Promise<void> {
  await promisify(execFile)("ffmpeg", ["-nostdin", "-v", "error", "-i", clip, "-f", "null", "-"]);
}

function read() {
  return readClip(
    { camera: "test", file: clip, fps: camera.detect.fps },
    { signal: new AbortController().signal },
  );
}

function watch() {
  const check = freezeCheck({ camera: "test", frozenAfterSeconds: 60, clock: systemClock });
  return watchFrames(check(read()), camera, detector);
}

/**
 * The motion gate's median time per frame in milliseconds of wall-clock time. All frames are decoded first: with a camera
 * the decoder sleeps while the gate runs and does not compete for the caches.
 */
async function timeGate(): Promise<number> {
  const frames: Frame[] = [];
  for await (const frame of read()) frames.push(frame);
  const times: number[] = [];
  let gate: Gate | undefined;
  for (const frame of frames) {
    gate ??= startGate(frame, camera.motion, 1000 / camera.detect.fps);
    const startedMs = performance.now();
    gate = detectMotion(gate, frame, frame.timeMs).gate;
    times.push(performance.now() - startedMs);
  }
  return median(times) ?? Number.NaN;
}

/** CPU time of all threads of this process and of its children that have ended. */
async function cpuSecondsOf(work: () => Promise<unknown>): Promise<number> {
  const before = ownCpuSeconds();
  await work();
  return ownCpuSeconds() - before;
}

function ownCpuSeconds(): number {
  return parseProcessStat(readFileSync("/proc/self/stat", "utf8")).cpuSeconds;
}

function forPeople({
  decode_s,
  watch_s,
  ratio,
  inferred,
}: {
  decode_s: number;
  watch_s: number;
  ratio: number;
  inferred: number;
}) {
  return `decode ${decode_s.toFixed(2)} s, watch ${watch_s.toFixed(2)} s: ${ratio.toFixed(2)}×, ${inferred} frames with inference`;
}

function rounded(value: number): number {
  return Number(value.toFixed(3));
}
