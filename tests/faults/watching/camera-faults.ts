import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { compileFile } from "../../../detectors/compiler/compile-file.ts";
import { findMedia, findModel } from "../../support/base/materials.ts";
import { hasRtspServer, type RtspCamera, startRtspCamera } from "../../support/camera/rtsp-camera.ts";
import { type RtspProxy, startRtspProxy } from "../../support/camera/rtsp-proxy.ts";
import { mosquittoIsInstalled } from "../../support/mqtt/brokers.ts";
import type { Fault, FaultResult } from "../fault.ts";
import { emptyRoom, inAnotherWay, repeatedFrame } from "./clips.ts";
import { startWatchWorld, type WatchWorld, watched } from "./watch-world.ts";

/** The attacked camera and its controls. */
interface Victim {
  /** The network between camera and agent. */
  readonly network: RtspProxy;
  camera(): RtspCamera;
  /** Switches the camera off; `start` switches it on with this clip. */
  stop(): Promise<void>;
  start(clip?: keyof typeof CLIPS): Promise<void>;
}

interface CameraFaultRow {
  readonly fault: string;
  /** Causes the fault and removes it. The camera works again when this returns. */
  inflict(victim: Victim, world: WatchWorld, hurry: boolean): Promise<void>;
  /** Whether the agent reports the camera as offline meanwhile. */
  readonly isNoticed: boolean;
}

/** A camera without frames counts as offline after ten seconds. */
const LONG_ENOUGH_MS = 12_000;
const FROZEN_AFTER_SECONDS = 4;
const NOTICED_WITHIN_MS = 40_000;
const [BACK_WITHIN_MS, BACK_WITHIN_HURRY_MS] = [15_000, 60_000];

/** Of an outage: its first failure, and the first one that only a person can fix. Garbage looks like any failure. */
const MOST_WARNINGS = 2;

/** The clips of the camera, made from person.mp4. */
const CLIPS = {
  room: emptyRoom,
  stuck: repeatedFrame,
  other: (personClip: string, folder: string) =>
    inAnotherWay(emptyRoom(personClip, folder), "640x480", folder),
};

const ROWS: readonly CameraFaultRow[] = [
  {
    fault: "camera's server killed",
    isNoticed: true,
    async inflict(victim, _world, hurry) {
      await victim.stop();
      await delay(hurry ? 1_000 : 1_000 + Math.random() * 29_000);
      await victim.start();
    },
  },
  {
    fault: "camera's server frozen",
    isNoticed: true,
    async inflict(victim, world) {
      victim.camera().freeze();
      await world.untilStatus("hit", "offline", NOTICED_WITHIN_MS);
      victim.camera().thaw();
    },
  },
  {
    fault: "camera's stream slow-dripped",
    isNoticed: true,
    async inflict({ network }, world) {
      network.drip();
      await world.untilStatus("hit", "offline", NOTICED_WITHIN_MS);
      network.pass();
    },
  },
  {
    fault: "garbage in the camera's stream",
    isNoticed: false,
    async inflict({ network }, _world, hurry) {
      network.garble();
      await delay(hurry ? 3_000 : LONG_ENOUGH_MS);
      network.pass();
    },
  },
  {
    fault: "camera sends identical frames",
    isNoticed: true,
    async inflict(victim, world) {
      await victim.stop();
      await victim.start("stuck");
      await world.untilFrames("hit", BACK_WITHIN_HURRY_MS);
      await world.untilStatus("hit", "offline", NOTICED_WITHIN_MS);
      await victim.stop();
      await victim.start();
    },
  },
  {
    fault: "camera comes back with another size and codec",
    isNoticed: true,
    async inflict(victim, world) {
      await victim.stop();
      await victim.start("other");
      await world.untilFrames("hit", BACK_WITHIN_HURRY_MS);
      await victim.stop();
      await victim.start();
    },
  },
];

/**
 * The faults of cameras: one camera shows an empty room and is attacked; another shows a street and must not be affected.
 * Every event of the room is a false one.
 */
export const CAMERA_FAULTS: readonly Fault[] = ROWS.map((row) => ({
  fault: row.fault,
  times: 20,
  lacks() {
    if (!mosquittoIsInstalled) return "mosquitto";
    if (!hasRtspServer()) return "GStreamer's RTSP server";
    if (findMedia("street.mp4") === undefined) return "street.mp4";
    if (findMedia("person.mp4") === undefined) return "person.mp4";
    return weights() === undefined ? "yolov5n" : undefined;
  },
  async inflict(times, hurry) {
    await using stack = new AsyncDisposableStack();
    const folder = mkdtempSync(join(tmpdir(), "sabrewing-cameras-"));
    stack.defer(() => rmSync(folder, { recursive: true }));
    const modulePath = join(folder, "detector.wasm");
    writeFileSync(modulePath, await detectorBytes());
    const victim = await startVictim(folder, stack);
    const calm = stack.use(await startRtspCamera({ clip: findMedia("street.mp4") ?? "" }));
    const hit = `rtsp://127.0.0.1:${victim.network.port}/camera`;
    const world = stack.use(
      await startWatchWorld({
        modulePath,
        // A busy machine must not cause detector faults.
        detector: { deadline_ms: 10_000 },
        cameras: {
          hit: watched(hit, { ffmpeg: { inputs: [{ path: hit }], frozen_after: FROZEN_AFTER_SECONDS } }),
          calm: watched(calm.address),
        },
      }),
    );
    for (const camera of ["hit", "calm"]) await world.untilFrames(camera, 60_000);
    return await repeat(row, victim, world, times, hurry);
  },
}));

let compiled: Promise<Uint8Array> | undefined;

/** All rows use one module: it is compiled once. */
function detectorBytes(): Promise<Uint8Array> {
  compiled ??= compileFile(weights() ?? "", { size: { width: 320, height: 192 } }).then(({ bytes }) => bytes);
  return compiled;
}

async function repeat(
  row: CameraFaultRow,
  victim: Victim,
  world: WatchWorld,
  times: number,
  hurry: boolean,
): Promise<FaultResult> {
  const broken: string[] = [];
  let slowestMs = 0;
  const calmBefore = world.statuses("calm").length;
  for (let time = 1; time <= times; time++) {
    const seen = world.statuses("hit").length;
    const warnedBefore = warningsOf(world, "hit").length;
    const calmSeen = world.stats().cameras.calm?.frames.seen ?? 0;
    await row.inflict(victim, world, hurry);
    const backMs = await world.untilFrames("hit", BACK_WITHIN_HURRY_MS);
    if (!hurry && backMs > BACK_WITHIN_MS) {
      broken.push(`time ${time}: back only after ${Math.round(backMs / 1000)} s`);
    }
    slowestMs = Math.max(slowestMs, backMs);
    const statuses = world.statuses("hit").slice(seen);
    const isNoticed = statuses.includes("offline");
    if (row.isNoticed && !isNoticed) broken.push(`time ${time}: the camera was not reported as offline`);
    const outages = statuses.filter((status) => status === "offline").length;
    const warnings = warningsOf(world, "hit").slice(warnedBefore);
    if (warnings.length > outages * MOST_WARNINGS)
      broken.push(`time ${time}: ${outages} outages, but the warnings ${warnings.join(" / ")}`);
    if ((world.stats().cameras.calm?.frames.seen ?? 0) <= calmSeen) {
      broken.push(`time ${time}: the other camera delivered no frames`);
    }
  }
  if (world.statuses("calm").length !== calmBefore) broken.push("the other camera went offline");
  if (world.events("calm").length === 0) broken.push("no event of the other camera");
  const falseEvents = world.events("hit").filter(({ type }) => type === "new");
  const how = await world.stop();
  if (how !== "exit code 0") broken.push(`the agent ended with ${how}`);
  return {
    lost: falseEvents.length,
    broken,
    slowest_back_s: Number((slowestMs / 1000).toFixed(1)),
    events_of_other_camera: world.events("calm").filter(({ type }) => type === "new").length,
  };
}

function warningsOf(world: WatchWorld, name: string): readonly string[] {
  return world.log.filter(({ level, camera }) => level === "warn" && camera === name).map(({ msg }) => msg);
}

async function startVictim(folder: string, stack: AsyncDisposableStack): Promise<Victim> {
  const person = findMedia("person.mp4") ?? "";
  const clips = Object.fromEntries(Object.entries(CLIPS).map(([name, make]) => [name, make(person, folder)]));
  let camera = await startRtspCamera({ clip: clips.room ?? "" });
  const { port } = camera;
  stack.defer(() => camera[Symbol.asyncDispose]());
  const network = stack.use(await startRtspProxy(port, Math.random));
  return {
    network,
    camera: () => camera,
    async stop() {
      await camera[Symbol.asyncDispose]();
    },
    async start(clip = "room") {
      camera = await startRtspCamera({
        clip: clips[clip] ?? "",
        codec: clip === "other" ? "h265" : "h264",
        port,
      });
    },
  };
}

function weights(): string | undefined {
  return findModel("yolov5n.pt") ?? findModel("yolov5n.onnx");
}
