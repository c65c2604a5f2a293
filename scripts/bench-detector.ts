/**
 * Measures the speed of the detector and of other runtimes with the same weights on this machine.
 *
 *   npm run -s bench:detector -- --sizes 640x640,320x320 --rounds 30 [--engines wasmer,onnxruntime-web] [--json]
 *   npm run -s bench:detector -- --model mobilenet
 *   npm run -s bench:detector -- --plot detectors      writes detectors/benchmark.svg and .png
 *
 * Each contestant runs in its own process, and all take turns round by round. p50 and p90 measure the time from RGB
 * bytes to the answer. Ours includes the worker, the pipe, decoding and non-maximum suppression. The others include the
 * conversion to float planes and the network up to the head's logits, but neither decoding nor suppression: the comparison
 * favours them. Loading includes the import of the library; our detector continues to start while it waits for its first
 * image. The peak loops take turns with the others, so that a slow spell of the machine lowers the limit as well.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command, Option } from "commander";
import sharp from "sharp";
import { VARIANTS } from "../detectors/detector.ts";
import { coldStarts } from "./benchmark/cold-start.ts";
import type { ContestantChoice } from "./benchmark/contestant.ts";
import { type Engine, MODELS, type Model, prepareContestants, type Size } from "./benchmark/contestants.ts";
import { peakOperations } from "./benchmark/peak.ts";
import { plot } from "./benchmark/plot.ts";
import { thisMachine, writePlot } from "./benchmark/plot-file.ts";
import { median, type Result, race } from "./benchmark/race.ts";
import { type ProcessRacer, startRacer } from "./benchmark/racer-process.ts";
import { type Extras, type Row, toRow } from "./benchmark/row.ts";
import { table } from "./benchmark/table.ts";
import { findMedia } from "./materials.ts";

interface Options {
  readonly model: Model;
  readonly sizes?: readonly Size[];
  readonly rounds: number;
  readonly engines?: readonly string[];
  readonly variants?: readonly string[];
  readonly starts: number;
  readonly instances: boolean;
  readonly plot?: string;
  readonly json: boolean;
}

const list = (text: string): string[] => text.split(",");
const options = new Command("bench:detector")
  .description("Measures the detector and other runtimes with the same weights.")
  .addOption(new Option("--model <name>", "model to measure").choices(Object.keys(MODELS)).default("yolov5n"))
  .option(
    "--sizes <WxH,…>",
    `model input sizes (default: ${MODELS.yolov5n.sizes}; mobilenet: 512x512)`,
    parseSizes,
  )
  .option("--rounds <n>", "measured inferences per contestant", Number, 30)
  .option("--engines <name,…>", "engines to measure: wasmer, v8 and the peers (default: all)", list)
  .option(
    "--variants <name,…>",
    `variants of our module (default: ${VARIANTS.map(({ name }) => name)})`,
    list,
  )
  .option("--starts <n>", "processes per contestant that time the first detection; 0 for none", Number, 3)
  .option("--no-instances", "do not measure the throughput of two instances")
  .option("--plot <dir>", "write benchmark.svg and benchmark.png to this folder")
  .option("--json", "print one line of JSON per row", false)
  .parse()
  .opts<Options>();

/** How often restarts and the throughput of two instances are measured. */
const REPEATS = 3;

const sizes = options.sizes ?? parseSizes(MODELS[options.model].sizes);
const engines = chosen<Engine>("--engines", MODELS[options.model].engines, options.engines);
const variants = chosen(
  "--variants",
  VARIANTS.map(({ name }) => name),
  options.variants,
);
const folder = mkdtempSync(join(tmpdir(), "sabrewing-bench-"));
const rows: Row[] = [];
let dropouts = 0;
try {
  for (const size of sizes) rows.push(...(await measure(size)));
} finally {
  rmSync(folder, { recursive: true });
}
if (options.plot !== undefined) await writePlot(plot(rows, thisMachine()), options.plot, "benchmark");
if (!options.json) console.log(`${table(rows)}\nTimes in milliseconds; ${options.rounds} rounds each.`);
// Without one of its contestants the benchmark is incomplete.
process.exitCode = dropouts === 0 ? 0 : 1;

async function measure(size: Size): Promise<Row[]> {
  const pixels = await inputImage(size);
  const wanted = { model: options.model, engines, variants };
  const { choices, operations } = await prepareContestants(wanted, size, folder, console.error);
  const racers = new Map<string, ProcessRacer>();
  const extras = new Map<ContestantChoice, Omit<Extras, "startMs">>();
  await using stack = new AsyncDisposableStack();
  const peaks = ["f32", "i16"].map((variant) => peakLoop(variant, size));
  for (const choice of [...choices, ...peaks]) {
    racers.set(nameOf(choice), stack.use(startRacer(choice, pixels)));
  }
  const results = await race(racers, options.rounds);
  for (const choice of choices) {
    const racer = racers.get(nameOf(choice));
    if (choice.name !== "sabrewing" || racer === undefined) continue;
    if (succeeded(results.get(nameOf(choice)))) extras.set(choice, await measureExtras(racer));
  }
  await stack.disposeAsync();
  const starts = options.starts > 0 ? await coldStarts(choices, pixels, options.starts) : new Map();

  const [f32 = Number.NaN, i16 = Number.NaN] = peaks.map((choice) => {
    const result = results.get(nameOf(choice));
    return succeeded(result) ? peakOperations(choice.variant) / (result.p50Ms / 1000) : Number.NaN;
  });
  const measured: Row[] = [];
  for (const choice of choices) {
    const result = results.get(nameOf(choice));
    if (!succeeded(result)) {
      dropouts++;
      console.error(`${nameOf(choice)} ${size.width}x${size.height}: ${result?.message ?? "no result"}`);
      continue;
    }
    const { respawnMs, twoInstances } = extras.get(choice) ?? {};
    const startMs = median(starts.get(choice) ?? []);
    const row = toRow(choice, result, { startMs, respawnMs, twoInstances }, operations, { f32, i16 });
    measured.push(row);
    if (options.json) console.log(JSON.stringify(row));
  }
  return measured;
}

async function measureExtras(racer: ProcessRacer): Promise<Omit<Extras, "startMs">> {
  const respawns: number[] = [];
  const gains: number[] = [];
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    respawns.push(await racer.respawn());
    if (options.instances) gains.push((1 / (await racer.throughput(1))) * (await racer.throughput(2)));
  }
  return { respawnMs: median(respawns), twoInstances: median(gains) };
}

function peakLoop(variant: string, size: Size): ContestantChoice {
  return { name: "peak", engine: "v8", variant, model: options.model, threads: 1, ...size, modelPath: "" };
}

function nameOf({ name, engine, variant, threads }: ContestantChoice): string {
  return `${name} ${engine} ${variant} ${threads ?? "default"}`;
}

function succeeded(result: Result | Error | undefined): result is Result {
  return result !== undefined && !(result instanceof Error);
}

/** A street scene with people, or noise where the photograph is missing: the content hardly affects the time. */
async function inputImage({ width, height }: Size): Promise<Uint8Array> {
  const path = findMedia("images/bus.jpg");
  if (path === undefined) return new Uint8Array(width * height * 3).map((_, i) => (i * 2654435761) >>> 24);
  return await sharp(path).resize(width, height, { fit: "fill" }).removeAlpha().raw().toBuffer();
}

function parseSizes(text: string): Size[] {
  return text.split(",").map((word) => {
    const match = /^(\d+)x(\d+)$/.exec(word);
    if (match === null) throw new Error(`--sizes: expected WxH, received "${word}"`);
    return { width: Number(match[1]), height: Number(match[2]) };
  });
}

function chosen<Name extends string>(
  option: string,
  all: readonly Name[],
  wanted: readonly string[] | undefined,
): readonly Name[] {
  if (wanted === undefined) return all;
  return wanted.map((word) => {
    const name = all.find((known) => known === word);
    if (name === undefined)
      throw new Error(`${option}: expected some of ${all.join(", ")}, received "${word}"`);
    return name;
  });
}
