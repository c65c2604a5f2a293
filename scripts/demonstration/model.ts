import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, globSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findModel, sabrewingHome } from "../materials.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/**
 * A detector module for the demo: `model` itself where it is one, else compiled from `model` or from the YOLOv5n that is
 * found or fetched. Kept in $SABREWING_HOME/demo under a name that changes with the weights and with the compiler.
 * @param sabrewing the command line that starts the agent's program
 * @param size `640x384`: width × height of the model input
 * @returns path of the module
 * @throws Error that says what could not be had
 */
export function prepareModule(
  sabrewing: readonly [string, ...string[]],
  model: string | undefined,
  size: string,
): string {
  if (model?.endsWith(".wasm")) return model;
  const weights = model ?? findModel("yolov5n.pt") ?? findModel("yolov5n.onnx") ?? fetchWeights(sabrewing);
  const folder = join(sabrewingHome(), "demo");
  const path = join(folder, `${digest([weights])}-${digest(compilerSources())}-${size}.wasm`);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  const partial = join(folder, `partial-${process.pid}.wasm`);
  const compiled = runSabrewing(sabrewing, ["compile", weights, "-o", partial, "--size", size, "--json"]);
  if (compiled.status !== 0) throw new Error(`${weights} could not be compiled (see above)`);
  // Only a whole module ever has the final name.
  renameSync(partial, path);
  return path;
}

function fetchWeights(sabrewing: readonly [string, ...string[]]): string {
  const pulled = runSabrewing(sabrewing, ["pull", "yolov5n"]);
  const weights = findModel("yolov5n.pt");
  if (pulled.status === 0 && weights !== undefined) return weights;
  throw new Error(
    `no YOLOv5n weights: put yolov5n.pt (release v7.0 of ultralytics/yolov5) into ${sabrewingHome()}, or name a file: --model FILE`,
  );
}

/** Errors and the progress bar, which go to stderr, are shown; the rest is not for people. */
function runSabrewing(
  [program, ...words]: readonly [string, ...string[]],
  command: string[],
): SpawnSyncReturns<Buffer> {
  return spawnSync(program, [...words, ...command], { stdio: ["ignore", "pipe", "inherit"] });
}

function compilerSources(): string[] {
  return globSync("detectors/{compiler/**/*.ts,module-format.ts}", { cwd: ROOT })
    .sort()
    .map((path) => join(ROOT, path));
}

function digest(paths: readonly string[]): string {
  const hash = createHash("sha256");
  for (const path of paths) hash.update(readFileSync(path));
  return hash.digest("hex").slice(0, 12);
}
