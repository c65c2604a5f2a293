/**
 * Measures the stages between the start of a process and its first detection.
 *
 *   npm run -s bench:start -- [--size 320x320] [--rounds 15] [--json]
 *
 * It starts processes with a detector, alternating the engines. Each process reports when its stages ended; the figures
 * are medians. The first inference widens and transforms the weights, touches the memory for the first time, and runs code
 * that V8 has not optimised yet. `later` is the time of an inference after that.
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { type ModelSize, parseSize } from "../agent/commands/shared/size-option.ts";
import { compileModel, type Runtime } from "../detectors/detector.ts";
import { temporaryFolder } from "../tests/support/base/temporary-folder.ts";
import { alignColumns } from "./benchmark/align-columns.ts";
import { median } from "./benchmark/race.ts";
import type { Stages } from "./benchmark/stages.ts";
import { findModel } from "./materials.ts";

const PROGRAM = fileURLToPath(new URL("benchmark/start-stages.ts", import.meta.url));
const RUNTIMES: readonly Runtime[] = ["v8", "wasmer"];
/** Milliseconds from the start of the process; `later` is a duration. */
const COLUMNS = ["node", "program", "module", "sdk", "ready", "first", "later"] as const;

const options = new Command("bench:start")
  .description("Measures the stages of a detector's start.")
  .option("--size <WxH>", "size of the model's input", parseSize, { width: 320, height: 320 })
  .option("--rounds <n>", "processes started per engine", Number, 15)
  .option("--json", "print one line of JSON per engine", false)
  .parse()
  .opts<{
    readonly size: ModelSize;
    readonly rounds: number;
    readonly json: boolean;
  }>();

const weights = findModel("yolov5n.pt");
if (weights === undefined)
  throw new Error("yolov5n.pt is missing. To download it: scripts/fetch-model yolov5n");
await using folder = await temporaryFolder();
const modulePath = join(folder.path, "detector.wasm");
const { bytes } = await compileModel(weights, { size: options.size });
writeFileSync(modulePath, bytes);

const seen = new Map<Runtime, Stages[]>(RUNTIMES.map((runtime) => [runtime, []]));
// The first round fills the caches, among them that of compiled JavaScript, and is not counted.
for (let round = 0; round <= options.rounds; round++) {
  for (const runtime of RUNTIMES) {
    const stages = start(runtime);
    if (round > 0) seen.get(runtime)?.push(stages);
  }
}
const rows = [...seen].map(([runtime, starts]) => ({ runtime, figures: medians(starts) }));
if (options.json) {
  for (const { runtime, figures } of rows)
    console.log(JSON.stringify({ runtime, ...Object.fromEntries(figures) }));
} else {
  const lines = rows.map(({ runtime, figures }) => [runtime, ...[...figures.values()].map(String)]);
  console.log(alignColumns([["ms", ...COLUMNS], ...lines], 1));
}

function start(runtime: Runtime): Stages {
  const { stdout, stderr, status } = spawnSync(process.execPath, [PROGRAM, modulePath, runtime], {
    encoding: "utf8",
    env: { ...process.env, NODE_COMPILE_CACHE: folder.path },
  });
  if (status !== 0) throw new Error(`${runtime} did not start: ${stderr}`);
  return JSON.parse(stdout) as Stages;
}

function medians(starts: readonly Stages[]): ReadonlyMap<string, number> {
  return new Map(COLUMNS.map((column) => [column, Math.round(median(starts.map((at) => at[column])) ?? 0)]));
}
