/**
 * How fast is the detector, and how fast are others with the same weights, on this machine, now?
 *
 *   npm run -s bench:detector -- --sizes 640x640,320x320 --rounds 30 [--engines wasmer,onnxruntime-web] [--json]
 *   npm run -s bench:detector -- --model mobilenet
 *
 * Each contestant runs in a process of its own, computes on one thread, and takes its turn round by round. p50 and p90
 * count the way from RGB bytes to the answer. Ours holds the worker, the pipe, decoding and non-maximum suppression. The
 * others hold the conversion to float planes and the network up to the head's logits, neither decoding nor suppression:
 * the comparison is in their favour. Loading holds the import of the library; ours also answers a blank frame while it
 * loads, so its first answer is a second one.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command, Option } from "commander";
import sharp from "sharp";
import type { Target } from "../detectors/compiler/target.ts";
import { withInputSize } from "../tests/support/onnx-outputs.ts";
import { compileModule } from "./benchmark/compile-module.ts";
import type { ContestantChoice } from "./benchmark/contestant.ts";
import { type Racer, race } from "./benchmark/race.ts";
import { startRacer } from "./benchmark/racer-process.ts";
import { type Row, table, toRow } from "./benchmark/row.ts";
import { findMedia, findModel } from "./materials.ts";

/** The contestants, and the sizes that are measured when none are named, of each model. */
const MODELS = {
  yolov5n: { engines: ["wasmer", "v8", "onnxruntime-web", "onnxruntime-node"], sizes: "640x640,320x320" },
  mobilenet: { engines: ["wasmer", "v8", "tfjs-backend-wasm"], sizes: "512x512" },
} as const;
type Model = keyof typeof MODELS;
type Engine = (typeof MODELS)[Model]["engines"][number];

interface Size {
  readonly width: number;
  readonly height: number;
}

interface Options {
  readonly model: Model;
  readonly sizes?: readonly Size[];
  readonly rounds: number;
  readonly engines?: readonly string[];
  readonly target: Target;
  readonly json: boolean;
}

const options = new Command("bench:detector")
  .description("Measures the detector against others with the same weights, on one thread.")
  .addOption(new Option("--model <name>", "whose weights").choices(Object.keys(MODELS)).default("yolov5n"))
  .option(
    "--sizes <WxH,…>",
    `model input sizes (default: ${MODELS.yolov5n.sizes}; mobilenet: 512x512)`,
    parseSizes,
  )
  .option("--rounds <n>", "counted answers per contestant", Number, 30)
  .option("--engines <name,…>", "some of wasmer, v8 and the peers (default: all)", (text) => text.split(","))
  .addOption(
    new Option("--target <name>", "what our modules are compiled for")
      .choices(["simd128", "relaxed"])
      .default("simd128"),
  )
  .option("--json", "a line of JSON per row", false)
  .parse()
  .opts<Options>();

const sizes = options.sizes ?? parseSizes(MODELS[options.model].sizes);
const engines = chosenEngines(options.model, options.engines);
const folder = mkdtempSync(join(tmpdir(), "sabrewing-bench-"));
const rows: Row[] = [];
try {
  for (const size of sizes) rows.push(...(await measure(size)));
} finally {
  rmSync(folder, { recursive: true });
}
if (!options.json) {
  const notes = `Times in milliseconds; ${options.rounds} rounds each; ours compiled for ${options.target}.`;
  console.log(`${table(rows)}\n${notes}`);
}
// A benchmark in which somebody could not run is no result.
process.exitCode = rows.length === sizes.length * engines.length ? 0 : 1;

async function measure(size: Size): Promise<Row[]> {
  const pixels = await picture(size);
  const choices = new Map<string, ContestantChoice>();
  const racers = new Map<string, Racer>();
  await using stack = new AsyncDisposableStack();
  for (const engine of engines) {
    const choice = await choose(engine, size, options.model);
    choices.set(engine, choice);
    racers.set(engine, stack.use(startRacer(choice, pixels)));
  }
  const results = await race(racers, options.rounds);
  const measured: Row[] = [];
  for (const [engine, choice] of choices) {
    const result = results.get(engine);
    if (result === undefined || result instanceof Error) {
      console.error(`${engine} ${size.width}x${size.height}: ${result?.message ?? "no result"}`);
      continue;
    }
    const row = toRow(choice, "f32", result);
    measured.push(row);
    if (options.json) console.log(JSON.stringify(row));
  }
  return measured;
}

async function choose(engine: Engine, size: Size, model: Model): Promise<ContestantChoice> {
  const name = `${size.width}x${size.height}`;
  if (engine === "wasmer" || engine === "v8") {
    const modelPath = join(folder, `${name}.wasm`);
    await compileModule(weightsOf(model), modelPath, size, options.target);
    return { name: "sabrewing", engine, model, ...size, modelPath };
  }
  if (engine === "tfjs-backend-wasm") {
    return { name: engine, engine: "wasm", model, ...size, modelPath: weightsOf(model) };
  }
  const modelPath = join(folder, `${name}.onnx`);
  writeFileSync(modelPath, withInputSize(readFileSync(found("yolov5n.onnx")), size));
  return {
    name: engine,
    engine: engine === "onnxruntime-web" ? "wasm" : "native",
    model,
    ...size,
    modelPath,
  };
}

function weightsOf(model: Model): string {
  return model === "mobilenet" ? found("mobilenet/centernet.json") : found("yolov5n.pt", "yolov5n.onnx");
}

function found(...names: string[]): string {
  const path = names.map(findModel).find((path) => path !== undefined);
  if (path === undefined) {
    throw new Error(
      `${names.join(" or ")} not found: put it into $SABREWING_HOME, or \`scripts/fetch-model NAME\``,
    );
  }
  return path;
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

function chosenEngines(model: Model, words: readonly string[] | undefined): readonly Engine[] {
  const all: readonly Engine[] = MODELS[model].engines;
  if (words === undefined) return all;
  return words.map((word) => {
    const engine = all.find((known) => known === word);
    if (engine === undefined)
      throw new Error(`--engines: for ${model} expected some of ${all.join(", ")}, received "${word}"`);
    return engine;
  });
}
