import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { DetectorFaultKind } from "../../../detectors/detector.ts";
import { hasRtspServer, startRtspCamera } from "../../support/camera/rtsp-camera.ts";
import { brightAreaModule } from "../../support/detectors/bright-area-module.ts";
import type { POISON } from "../../support/detectors/fake-modules.ts";
import { mosquittoIsInstalled } from "../../support/mqtt/brokers.ts";
import { waitUntil } from "../../support/time/wait-until.ts";
import type { Fault, FaultResult } from "../fault.ts";
import { SIGNAL_FPS, SIGNAL_SIZE, squareAndSignal } from "./clips.ts";
import { startWatchWorld, type WatchWorld, watched } from "./watch-world.ts";

interface DetectorFaultRow {
  readonly fault: string;
  readonly does: keyof typeof POISON;
  readonly reported: DetectorFaultKind;
}

const ROWS: readonly DetectorFaultRow[] = [
  { fault: "detector made to loop", does: "loop", reported: "deadline" },
  { fault: "detector made to trap", does: "trap", reported: "trap" },
  { fault: "detector made to reply garbage", does: "badMagic", reported: "garbage" },
  { fault: "detector made to reply late", does: "late", reported: "deadline" },
];

const DEADLINE_MS = 700;
/** Share of one core for two cameras and a module that computes little. A guest that was not stopped takes a whole core. */
const MAX_CPU = 0.7;
const CPU_WINDOW_MS = 2_000;
/** Limit of frames skipped by the camera `undisturbed` for each fault: its own instance continues. */
const MAX_SKIPPED_PER_FAULT = 2;

/**
 * The faults of the detector: two cameras and a module with two instances. One camera shows a signal every few seconds for
 * one frame, and the module misbehaves on it.
 */
export const DETECTOR_FAULTS: readonly Fault[] = ROWS.map((row) => ({
  fault: row.fault,
  times: 20,
  lacks() {
    if (!mosquittoIsInstalled) return "mosquitto";
    return hasRtspServer() ? undefined : "GStreamer's RTSP server";
  },
  async inflict(times) {
    await using stack = new AsyncDisposableStack();
    const folder = mkdtempSync(join(tmpdir(), "sabrewing-signals-"));
    stack.defer(() => rmSync(folder, { recursive: true }));
    const modulePath = join(folder, "detector.wasm");
    writeFileSync(modulePath, brightAreaModule(row.does));
    const [signalling, quiet] = [squareAndSignal(folder), squareAndSignal(folder, { signals: 0 })];
    const hit = stack.use(await startRtspCamera({ clip: signalling.file }));
    const undisturbed = stack.use(await startRtspCamera({ clip: quiet.file }));
    // Detection runs on whole frames, so that the signal is where the module expects it.
    const settings = { motion: { enabled: false }, detect: { ...SIGNAL_SIZE, fps: SIGNAL_FPS } };
    const world = stack.use(
      await startWatchWorld({
        modulePath,
        detector: { instances: 2, deadline_ms: DEADLINE_MS },
        cameras: { hit: watched(hit.address, settings), undisturbed: watched(undisturbed.address, settings) },
      }),
    );
    await waitUntil("both squares are tracked", () => isTracked(world, "hit", "undisturbed"), 60_000);
    return await provoke(world, row, times, signalling.seconds);
  },
}));

async function provoke(
  world: WatchWorld,
  { reported }: DetectorFaultRow,
  times: number,
  roundSeconds: number,
): Promise<FaultResult> {
  const broken: string[] = [];
  await world.newStats();
  const first = figuresOf(world);
  const startMs = performance.now();
  let threads = 0;
  let largestCpu = 0;
  for (let time = 1; time <= times; time++) {
    await waitUntil(`fault ${time}`, () => faultsSince(first, world) >= time, (roundSeconds + 30) * 1_000);
    // The restarted thread has loaded its engine by then.
    await delay(roundSeconds * 250);
    const cpu = await cpuShare(world.pid, CPU_WINDOW_MS);
    largestCpu = Math.max(largestCpu, cpu);
    if (cpu > MAX_CPU) broken.push(`fault ${time}: ${Math.round(cpu * 100)} % of a core are still in use`);
    if (time === 1) threads = countThreads(world.pid);
  }
  const rounds = Math.ceil((performance.now() - startMs) / (roundSeconds * 1_000)) + 1;
  const last = figuresOf(world);
  const faults = faultsSince(first, world);
  if (faults > rounds) broken.push(`${faults} frames lost to at most ${rounds} signals`);
  if (last.faults[reported] !== last.all) {
    broken.push(`expected only ${reported}, received ${JSON.stringify(last.faults)}`);
  }
  if (last.restarts < last.all - 1) broken.push(`${last.restarts} restarts after ${last.all} faults`);
  const skipped = last.skipped - first.skipped;
  if (skipped > MAX_SKIPPED_PER_FAULT * faults) broken.push(`${skipped} frames of the other camera skipped`);
  // Thread pools grow on demand. A leaked detector has two threads.
  const left = countThreads(world.pid) - threads;
  if (left >= Math.max(2, times - 1)) broken.push(`${left} threads more than after the first fault`);
  for (const camera of ["hit", "undisturbed"]) {
    const types = world.events(camera).map(({ type }) => type);
    if (types.includes("end")) broken.push(`${camera}: its event ended: ${types.join(", ")}`);
    if (world.statuses(camera).at(-1) !== "online")
      broken.push(`${camera}: ${world.statuses(camera).at(-1)}`);
  }
  const how = await world.stop();
  if (how !== "exit code 0") broken.push(`the agent ended with ${how}`);
  return {
    // Each signal may cost its own frame. Frames that were refused during a restart count as lost.
    lost: last.faults.unavailable ?? 0,
    broken,
    frames_lost_for_each: faults / times,
    largest_cpu_share: Number(largestCpu.toFixed(2)),
    skipped_of_other_camera: skipped,
  };
}

function isTracked(world: WatchWorld, ...cameras: readonly string[]): boolean {
  return cameras.every((camera) => world.events(camera).some(({ type }) => type === "new"));
}

function figuresOf(world: WatchWorld) {
  const { detectors, cameras } = world.stats();
  const { faults = {}, restarts = 0 } = Object.values(detectors)[0] ?? {};
  const all = Object.values(faults).reduce((sum, count) => sum + count, 0);
  return { faults, all, restarts, skipped: cameras.undisturbed?.frames.skipped ?? 0 };
}

function faultsSince(first: ReturnType<typeof figuresOf>, world: WatchWorld): number {
  return figuresOf(world).all - first.all;
}

/** Linux counts CPU time in hundredths of a second (proc(5), stat, fields 14 and 15). */
async function cpuShare(pid: number, windowMs: number): Promise<number> {
  const ticks = () => {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    return Number(fields[11]) + Number(fields[12]);
  };
  const before = ticks();
  const startMs = performance.now();
  await delay(windowMs);
  return ((ticks() - before) * 10) / (performance.now() - startMs);
}

function countThreads(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).length;
}
