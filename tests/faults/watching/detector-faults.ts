import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { DetectorFaultKind } from "../../../detectors/detector.ts";
import { hasRtspServer, startRtspCamera } from "../../support/camera/rtsp-camera.ts";
import type { POISON } from "../../support/fake-modules.ts";
import { mosquittoIsInstalled } from "../../support/mqtt/brokers.ts";
import { seeingModule } from "../../support/seeing-module.ts";
import { waitUntil } from "../../support/time/wait-until.ts";
import type { Fault, FaultResult } from "../fault.ts";
import { SIGNAL_FPS, SIGNAL_SIZE, squareAndSignal } from "./clips.ts";
import { startWatchWorld, type WatchWorld, watched } from "./watch-world.ts";

interface DetectorFaultRow {
  readonly fault: string;
  readonly does: keyof typeof POISON;
  readonly isTold: DetectorFaultKind;
}

const ROWS: readonly DetectorFaultRow[] = [
  { fault: "detector made to loop", does: "loop", isTold: "deadline" },
  { fault: "detector made to trap", does: "trap", isTold: "trap" },
  { fault: "detector made to reply garbage", does: "badMagic", isTold: "garbage" },
  { fault: "detector made to reply late", does: "late", isTold: "deadline" },
];

const DEADLINE_MS = 700;
/** Of one core, while two cameras are watched with a module that has hardly anything to do. A guest left behind has it all. */
const MOST_CPU = 0.7;
const CPU_WINDOW_MS = 2_000;
/** `undisturbed`'s pictures that a newer one replaced for each fault: its own instance goes on. */
const SKIPPED_FOR_EACH = 2;

/**
 * The faults of the detector: two cameras, and a module with two instances that misbehaves whenever one of them shows a
 * signal, every few seconds for one frame.
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
    const modulePath = join(folder, "seeing.wasm");
    writeFileSync(modulePath, seeingModule(row.does));
    const [signalling, quiet] = [squareAndSignal(folder), squareAndSignal(folder, { signals: 0 })];
    const hit = stack.use(await startRtspCamera({ clip: signalling.file }));
    const undisturbed = stack.use(await startRtspCamera({ clip: quiet.file }));
    // Every picture is looked at in full, so that the signal is where the module looks for it.
    const settings = { motion: { enabled: false }, detect: { ...SIGNAL_SIZE, fps: SIGNAL_FPS } };
    const world = stack.use(
      await startWatchWorld({
        modulePath,
        detector: { instances: 2, deadline_ms: DEADLINE_MS },
        cameras: { hit: watched(hit.address, settings), undisturbed: watched(undisturbed.address, settings) },
      }),
    );
    await waitUntil("both squares are followed", () => isFollowed(world, "hit", "undisturbed"), 60_000);
    return await provoke(world, row, times, signalling.seconds);
  },
}));

async function provoke(
  world: WatchWorld,
  { isTold }: DetectorFaultRow,
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
    if (cpu > MOST_CPU) broken.push(`fault ${time}: ${Math.round(cpu * 100)} % of a core are not back`);
    if (time === 1) threads = countThreads(world.pid);
  }
  const rounds = Math.ceil((performance.now() - startMs) / (roundSeconds * 1_000)) + 1;
  const last = figuresOf(world);
  const faults = faultsSince(first, world);
  if (faults > rounds) broken.push(`${faults} frames lost to ${rounds} signals at most`);
  if (last.faults[isTold] !== last.all) {
    broken.push(`expected nothing but ${isTold}, received ${JSON.stringify(last.faults)}`);
  }
  if (last.restarts < last.all - 1) broken.push(`${last.restarts} restarts after ${last.all} faults`);
  const skipped = last.skipped - first.skipped;
  if (skipped > SKIPPED_FOR_EACH * faults) broken.push(`${skipped} frames of the other camera skipped`);
  // Pools of threads fill up as they are needed; a detector that is left behind has two.
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
    // Each signal may cost its own frame; whatever was refused while the detector started again is one too many.
    lost: last.faults.unavailable ?? 0,
    broken,
    frames_lost_for_each: faults / times,
    largest_cpu_share: Number(largestCpu.toFixed(2)),
    skipped_of_other_camera: skipped,
  };
}

function isFollowed(world: WatchWorld, ...cameras: readonly string[]): boolean {
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
