/**
 * How fast is the detector, and how fast are others with the same weights, on this machine, now?
 *
 *   npm run -s bench:detector -- --sizes 640x640,320x320 --rounds 30 [--engines wasmer,onnxruntime-web] [--json]
 *   npm run -s bench:detector -- --model mobilenet
 *   npm run -s bench:detector -- --plot detectors      writes detectors/benchmark.svg and .png
 *
 * Each contestant runs in a process of its own and takes its turn round by round. p50 and p90 count the way from RGB
 * bytes to the answer. Ours holds the worker, the pipe, decoding and non-maximum suppression. The others hold the
 * conversion to float planes and the network up to the head's logits, neither decoding nor suppression: the comparison is
 * in their favour. Loading holds the import of the library; ours goes on to start while it waits for its first picture.
 * The peak loops take their turns among the others, so that a slow spell of the machine lowers the limit as well.
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

const words = (text: string): string[] => text.split(",");
const options = new Command("bench:detector")
  .description("Measures the detector against others with the same weights.")
  .addOption(new Option("--model <name>", "whose weights").choices(Object.keys(MODELS)).default("yolov5n"))
  .option(
    "--sizes <WxH,…>",
    `model input sizes (default: ${MODELS.yolov5n.sizes}; mobilenet: 512x512)`,
    parseSizes,
  )
  .option("--rounds <n>", "counted answers per contestant", Number, 30)
  .option("--engines <name,…>", "some of wasmer, v8 and the peers (default: all)", words)
  .option("--variants <name,…>", `how ours is compiled (default: ${VARIANTS.map(({ name }) => name)})`, words)
  .option("--starts <n>", "processes started per contestant to time the first detection; 0: none", Number, 3)
  .option("--no-instances", "do not compare two instances with one")
  .option("--plot <dir>", "draw benchmark.svg and benchmark.png there")
  .option("--json", "a line of JSON per row", false)
  .parse()
  .opts<Options>();

/** Restarts that are timed, and comparisons of two instances with one. */
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
// A benchmark in which somebody could not run is no result.
process.exitCode = dropouts === 0 ? 0 : 1;

async function measure(size: Size): Promise<Row[]> {
  const pixels = await picture(size);
  const field = { model: options.model, engines, variants };
  const { choices, operations } = await prepareContestants(field, size, folder, console.error);
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

/** A street scene with people where there is one, else noise: what is on it hardly matters to the time. */
async function picture({ width, height }: Size): Promise<Uint8Array> {
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
