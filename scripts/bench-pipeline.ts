/**
 * Measures the cost of watching cameras, from RTSP to the broker, and compares it with the alternatives.
 *
 *   npm run -s bench:pipeline -- --cameras 1,2,4,8 --seconds 60 [--only sabrewing,ffmpeg] [--variants i8,f32] [--json]
 *   npm run -s bench:pipeline -- --clips still --only ffmpeg,sabrewing
 *   npm run -s bench:pipeline -- --capacity --clips person.mp4
 *   npm run -s bench:pipeline -- --plot agent          writes agent/pipeline.svg and .png
 *
 * Real RTSP servers play clips in a loop, each from a different position. Mosquitto is the broker. The contestants watch
 * the same cameras one after another: ffmpeg that only decodes, our agent with its default settings, and the script that
 * one would write instead: it runs onnxruntime on every frame and publishes people over MQTT. CPU time is that of the
 * programs and of the ffmpeg processes they start, from /proc. Latency is the time from a frame's arrival, as stamped by
 * its reader, to the arrival of its message at a subscriber: an upper bound of the time to the broker's PUBACK.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startMosquitto } from "../tests/support/mqtt/brokers.ts";
import { type Cameras, openCameras } from "./benchmark/pipeline/cameras.ts";
import { type Capacity, greatestThatHolds, held, toCapacity } from "./benchmark/pipeline/capacity.ts";
import { findClips, sceneOf } from "./benchmark/pipeline/clips.ts";
import { type Contestant, prepareContestants } from "./benchmark/pipeline/contestants.ts";
import { cores, measure } from "./benchmark/pipeline/measure.ts";
import { parseOptions } from "./benchmark/pipeline/options.ts";
import { capacityPlot, plot } from "./benchmark/pipeline/plot.ts";
import { type Row, toRow } from "./benchmark/pipeline/row.ts";
import { capacityTable, progressLine, table } from "./benchmark/pipeline/table.ts";
import { thisMachine, writePlot } from "./benchmark/plot-file.ts";

const FPS = 5;

const options = parseOptions(process.argv.slice(2));
const folder = mkdtempSync(join(tmpdir(), "sabrewing-pipeline-"));
const scene = sceneOf(options.clips);
const interrupted = new AbortController();
// Cameras and contestants run in their own processes: stop them when this one ends.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => interrupted.abort());
let measured = 0;
let dropouts = 0;
try {
  await bench();
} catch (error) {
  if (!interrupted.signal.aborted) throw error;
  dropouts++;
} finally {
  rmSync(folder, { recursive: true });
}
// Without one of its contestants the benchmark is incomplete.
process.exitCode = dropouts === 0 ? 0 : 1;

async function bench(): Promise<void> {
  const contestants = await prepareContestants(options, folder);
  await using stack = new AsyncDisposableStack();
  const broker = stack.adopt(await startMosquitto(), (started) => started.kill());
  const cameras = stack.use(openCameras(await findClips(options.clips)));
  const machine = `${cores} cores, ${thisMachine()}`;
  if (options.capacity) {
    const capacities = await measureCapacities(contestants, cameras, broker.port);
    if (!options.json) console.log(capacityTable(capacities));
    if (options.plot !== undefined)
      await writePlot(capacityPlot(capacities, machine), options.plot, "capacity");
    return;
  }
  const rows: Row[] = [];
  for (const count of options.cameras) {
    let decoding: Row | undefined;
    for (const contestant of contestants) {
      const row = await tryOut(contestant, count, cameras, broker.port, decoding);
      if (row === undefined) continue;
      if (row.name === "ffmpeg") decoding = row;
      rows.push(row);
    }
  }
  if (!options.json) console.log(`${table(rows)}\nPlaying ${scene}; ${machine}.`);
  if (options.plot !== undefined) await writePlot(plot(rows, machine), options.plot, "pipeline");
}

async function measureCapacities(
  contestants: readonly Contestant[],
  cameras: Cameras,
  brokerPort: number,
): Promise<Capacity[]> {
  const capacities: Capacity[] = [];
  for (const contestant of contestants) {
    // ffmpeg does not report the frames it drops.
    if (contestant.name === "ffmpeg") continue;
    const trials: Row[] = [];
    const holds = async (count: number): Promise<boolean> => {
      const row = await tryOut(contestant, count, cameras, brokerPort);
      if (row !== undefined) trials.push(row);
      return row !== undefined && held(row, options.tolerance);
    };
    const greatest = await greatestThatHolds(holds, options.limit);
    if (trials.length === 0) continue;
    const capacity = toCapacity(trials, greatest, options);
    capacities.push(capacity);
    if (options.json) console.log(JSON.stringify(capacity));
  }
  return capacities;
}

/** Measures one contestant on `count` cameras. @returns undefined when it failed */
async function tryOut(
  contestant: Contestant,
  count: number,
  cameras: Cameras,
  brokerPort: number,
  decoding?: Row,
): Promise<Row | undefined> {
  interrupted.signal.throwIfAborted();
  const task = { streams: await cameras.first(count), fps: FPS, brokerPort, prefix: `bench${++measured}` };
  try {
    const row = toRow(
      contestant,
      { scene, cameras: count },
      await measure(contestant, task, options, interrupted.signal),
      decoding,
    );
    if (options.json) console.log(JSON.stringify(row));
    else console.error(progressLine(row));
    return row;
  } catch (error) {
    interrupted.signal.throwIfAborted();
    dropouts++;
    console.error(`${contestant.name}, ${count} cameras: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
}
