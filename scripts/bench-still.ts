/**
 * Measures the cost of watching scenes in which nothing happens. `npm run -s bench:still -- --help` explains the rows.
 *
 * Everything is real and runs in real time: RTSP servers play generated clips in a loop, the daemon watches them with its
 * default settings and a compiled YOLOv5n, and mosquitto is the broker. CPU time is user and system time of all threads of
 * a process and of its descendants, including those that have ended (/proc/PID/stat).
 */
import { temporaryFolder } from "../tests/support/base/temporary-folder.ts";
import { startMosquitto } from "../tests/support/mqtt/brokers.ts";
import { openCameras } from "./benchmark/pipeline/cameras.ts";
import { findClips } from "./benchmark/pipeline/clips.ts";
import { type Contestant, prepareContestants } from "./benchmark/pipeline/contestants.ts";
import { measure } from "./benchmark/pipeline/measure.ts";
import type { Task } from "./benchmark/pipeline/start-agent.ts";
import { median } from "./benchmark/race.ts";
import { parseStillOptions } from "./benchmark/still/options.ts";
import { listenToParkedObjects } from "./benchmark/still/parked-objects.ts";
import { SCENES, type StillScene } from "./benchmark/still/scenes.ts";

const FPS = 5;
/** ffmpeg needs no warm-up, except for its first frames. */
const DECODER_SETTLES_SECONDS = 5;
/** By default it is a minute. Every second, publishing would be a tenth of what the agent does for a still scene. */
const FIGURES_SECONDS = 10;

/** A line of `--json`. */
interface Row {
  readonly scene: string;
  readonly transport: "rtsp";
  readonly ratio: number;
  readonly at_most: number;
  readonly ok: boolean;
}

const options = parseStillOptions(process.argv.slice(2));
const interrupted = new AbortController();
// The programs run in their own process groups: stop them when this one ends.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => interrupted.abort());
let measured = 0;

await using folder = await temporaryFolder();
await using stack = new AsyncDisposableStack();
const wanted = { ...options, only: ["ffmpeg", "sabrewing"] as const, scriptSizes: [], threads: undefined };
const [ffmpeg, agent] = await prepareContestants(wanted, folder.path);
if (ffmpeg === undefined || agent === undefined) throw new Error("expected ffmpeg and the agent");
const broker = stack.adopt(await startMosquitto(), (started) => started.kill());
for (const scene of SCENES.filter(({ scene: name }) => options.only.includes(name))) {
  const row = await measureScene(scene, ffmpeg, agent).catch((error: unknown) => {
    if (interrupted.signal.aborted) return undefined;
    throw error;
  });
  if (row === undefined) break;
  console.log(options.json ? JSON.stringify(row) : forPeople(row, scene));
  if (!row.ok) process.exitCode = 1;
}
if (interrupted.signal.aborted) process.exitCode = 1;

async function measureScene(scene: StillScene, decoder: Contestant, watcher: Contestant): Promise<Row> {
  await using cameras = openCameras(await findClips([scene.clip]));
  const streams = await cameras.first(scene.cameras);
  const labels = scene.parked === undefined ? ["person"] : ["person", scene.parked];
  const ratios: number[] = [];
  let isParked = true;
  for (let round = 1; round <= options.rounds; round++) {
    const prefix = `still${++measured}`;
    const task = {
      streams,
      fps: FPS,
      brokerPort: broker.port,
      prefix,
      labels,
      figuresSeconds: FIGURES_SECONDS,
    };
    const isRelative = scene.measure === "relative to ffmpeg";
    const decoding = isRelative ? await cpuShare(decoder, task, DECODER_SETTLES_SECONDS) : 1;
    await using parked = await listenToParkedObjects(broker.port, prefix);
    const watching = await cpuShare(watcher, task, options.warmUp, () => {
      if (scene.parked !== undefined && parked.count(scene.parked) === 0) isParked = false;
    });
    const ratio = watching / decoding;
    ratios.push(ratio);
    const shares = isRelative ? `ffmpeg ${percent(decoding)}, agent ${percent(watching)} of a core: ` : "";
    console.error(`${scene.scene}, round ${round}: ${shares}${ratio.toFixed(3)}`);
  }
  if (!isParked) console.error(`${scene.scene}: expected a ${scene.parked} that is tracked as stationary`);
  const ratio = Math.round((median(ratios) ?? Number.NaN) * 1000) / 1000;
  const ok = ratio <= scene.atMost && isParked;
  return { scene: scene.scene, transport: "rtsp", ratio, at_most: scene.atMost, ok };
}

/**
 * The CPU time of a program and its descendants for each camera, as a share of one core.
 * @param atEnd called when it was measured and still runs
 */
async function cpuShare(contestant: Contestant, task: Task, settleSeconds: number, atEnd = () => {}) {
  const durations = { settleSeconds, seconds: options.seconds };
  const observed = await measure(contestant, task, durations, interrupted.signal, atEnd);
  const cpuSeconds = observed.ownCpuSeconds + observed.childCpuSeconds;
  return cpuSeconds / observed.seconds / task.streams.length;
}

function forPeople({ scene, ratio, at_most, ok }: Row, { measure: unit }: StillScene): string {
  const [value, limit] =
    unit === "share of a core"
      ? [`${percent(ratio)} of a core per camera`, percent(at_most)]
      : [`${ratio.toFixed(2)}× ffmpeg`, `${at_most}×`];
  return `${ok ? "✓" : "✗"} ${scene}: ${value}; target: at most ${limit}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
