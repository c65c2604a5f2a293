import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { largestChild, peakMemory } from "../../support/agent/process-figures.ts";
import * as attacks from "../../support/camera/hostile-camera.ts";
import { hasRtspServer, startRtspCamera } from "../../support/camera/rtsp-camera.ts";
import { brightAreaModule } from "../../support/detectors/bright-area-module.ts";
import { mosquittoIsInstalled } from "../../support/mqtt/brokers.ts";
import { listenOnLoopback } from "../../support/network/listen-on-loopback.ts";
import { waitUntil } from "../../support/time/wait-until.ts";
import type { Fault, FaultResult } from "../fault.ts";
import { SIGNAL_FPS, SIGNAL_SIZE, squareAndSignal } from "../watching/clips.ts";
import { startWatchWorld, type WatchWorld, watched } from "../watching/watch-world.ts";
import { HONEST_ROWS, HOSTILE_ROWS, type HostileRow } from "./camera-rows.ts";

const [WINDOW_MS, WINDOW_HURRY_MS] = [60_000, 8_000];
/** In a hurry the window ends when the agent behaves as expected, for example when the log names the attack. */
const BEHAVES_WITHIN_MS = 60_000;
const [SETTLES_MS, SETTLES_HURRY_MS] = [5_000, 2_000];
/** 10⁶ bytes, resident. */
const MOST = { child: 400, agent: 60 } as const;
const STOPS_WITHIN_MS = 5_000;
/** Frames in transit at the ends of the window. */
const UNDER_WAY = 3;
/** Log lines for each time that the camera connects and disconnects. */
const LINES_FOR_EACH = 2;
const PASSWORD = "sekret-of-the-camera";

/**
 * Faults of hostile cameras: one camera attacks, another shows a moving square and must lose no frame. The unit is one
 * minute (at least eight seconds in a hurry).
 */
export const HOSTILE_CAMERA_FAULTS: readonly Fault[] = [
  ...HOSTILE_ROWS.map((row) => fault(`hostile camera: ${row.fault}`, row, isRefused)),
  ...HONEST_ROWS.map((row) => fault(row.fault, row, isWatched)),
];

type Verdict<Row> = (row: Row, world: WatchWorld) => readonly string[];

function fault<Row extends Pick<HostileRow, "start">>(name: string, row: Row, judge: Verdict<Row>): Fault {
  return {
    fault: name,
    times: 1,
    lacks() {
      if (!mosquittoIsInstalled) return "mosquitto";
      return hasRtspServer() ? undefined : "GStreamer's RTSP server";
    },
    async inflict(times, hurry) {
      await using stack = new AsyncDisposableStack();
      const folder = mkdtempSync(join(tmpdir(), "sabrewing-hostile-"));
      stack.defer(() => rmSync(folder, { recursive: true }));
      const modulePath = join(folder, "seeing.wasm");
      writeFileSync(modulePath, brightAreaModule("trap"));
      const good = stack.use(await startRtspCamera({ clip: squareAndSignal(folder, { signals: 0 }).file }));
      const other = stack.use(await attacks.startHostileCamera(attacks.askBasic));
      // The port must stay reserved: within ten seconds the system could give it to a connection of the agent.
      const nobody = createServer((socket) => socket.destroy());
      const port = await listenOnLoopback(nobody);
      stack.defer(() => void nobody.close());
      const address = `rtsp://admin:${PASSWORD}@127.0.0.1:${port}/camera`;
      const settings = { motion: { enabled: false }, detect: { ...SIGNAL_SIZE, fps: SIGNAL_FPS } };
      const world = stack.use(
        await startWatchWorld({
          modulePath,
          detector: { instances: 2, deadline_ms: 10_000 },
          cameras: {
            good: watched(good.address, settings),
            hostile: watched(address, {
              ...settings,
              ffmpeg: { inputs: [{ path: address }], retry_interval: 1 },
            }),
          },
        }),
      );
      await world.untilFrames("good", 60_000);
      await delay(hurry ? SETTLES_HURRY_MS : SETTLES_MS);
      const before = await measure(world);
      using child = largestChild(world.pid, ["ffmpeg"]);
      nobody.close();
      const camera = stack.use(await row.start({ folder, port, other: other.port }));
      await delay(times * (hurry ? WINDOW_HURRY_MS : WINDOW_MS));
      const behaves = () => judge(row, world).length === 0;
      if (hurry) await waitUntil("the agent behaves as expected", behaves, BEHAVES_WITHIN_MS).catch(() => {});
      const after = await measure(world);
      const judged = [...judge(row, world), ...secretsTold(world, other)];
      if (camera.connections?.() === 0) judged.push("the agent did not connect to the camera");
      return await result(world, { before, after, childMb: child.peakMb(), broken: judged });
    },
  };
}

interface Measured {
  readonly atMs: number;
  readonly seen: number;
  readonly skipped: number;
  readonly peakMb: number;
  /** How often the good camera changed between online and offline. */
  readonly changes: number;
}

async function measure(world: WatchWorld): Promise<Measured> {
  const frames = (await world.newStats()).cameras.good?.frames;
  const atMs = performance.now();
  const changes = world.statuses("good").length;
  return {
    atMs,
    seen: frames?.seen ?? 0,
    skipped: frames?.skipped ?? 0,
    peakMb: peakMemory(world.pid),
    changes,
  };
}

async function result(
  world: WatchWorld,
  {
    before,
    after,
    childMb,
    broken,
  }: { before: Measured; after: Measured; childMb: number; broken: string[] },
): Promise<FaultResult> {
  const agentMb = after.peakMb - before.peakMb;
  const sent = Math.floor(((after.atMs - before.atMs) / 1000) * SIGNAL_FPS) - UNDER_WAY;
  const lost = Math.max(0, sent - (after.seen - before.seen)) + (after.skipped - before.skipped);
  if (childMb > MOST.child) broken.push(`a child took ${Math.round(childMb)} MB`);
  if (agentMb > MOST.agent) broken.push(`the agent took ${Math.round(agentMb)} MB more`);
  if (after.changes > before.changes) broken.push("the good camera went offline");
  const startMs = performance.now();
  const how = await world.stop();
  const stopMs = performance.now() - startMs;
  if (how !== "exit code 0") broken.push(`the agent ended with ${how}`);
  if (stopMs > STOPS_WITHIN_MS) broken.push(`the agent took ${Math.round(stopMs)} ms to stop`);
  return {
    lost,
    broken,
    child_mb: Math.round(childMb),
    agent_mb: Math.round(agentMb),
    stop_ms: Math.round(stopMs),
  };
}

/** Checks a camera that must be refused with a clear error and few log lines. @returns the violations */
function isRefused({ says }: HostileRow, world: WatchWorld): readonly string[] {
  const lines = linesOf(world);
  const changes = world.statuses("hostile").length + 1;
  return [
    ...(says === undefined || lines.some((line) => says.test(line))
      ? []
      : [`the log does not say ${says}: ${lines.join(" | ")}`]),
    ...(lines.length > LINES_FOR_EACH * changes ? [`${lines.length} lines about it in the log`] : []),
    ...(/[\p{Cc}\u202e]/u.test(lines.join("")) ? ["control characters in the log"] : []),
  ];
}

function isWatched(_row: unknown, world: WatchWorld): readonly string[] {
  const { hostile: camera } = world.stats().cameras;
  return [
    ...(world.statuses("hostile").at(-1) === "online"
      ? []
      : [`it is not online: ${linesOf(world).join(" | ")}`]),
    ...((camera?.camera_fps ?? 0) > 0 ? [] : ["no frames come"]),
  ];
}

function secretsTold(world: WatchWorld, other: attacks.HostileCamera): readonly string[] {
  return [
    ...(other.connections() > 0 ? [`another server was visited: ${JSON.stringify(other.requests)}`] : []),
    ...(JSON.stringify(world.log).includes(PASSWORD) ? ["the password is in the log"] : []),
  ];
}

/** Log lines about the hostile camera. */
function linesOf(world: WatchWorld): readonly string[] {
  return world.log.filter(({ camera }) => camera === "hostile").map(({ msg }) => msg);
}
