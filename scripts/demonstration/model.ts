import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { fastestTarget, sabrewingHome } from "../../detectors/detector.ts";
import { type ChosenModel, chooseModel, demoCandidates } from "./choose-model.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** YOLOv5 takes any size. This one fits a camera's 16:9 at three fifths of the cost of 640x640. */
const YOLOV5_SIZE = "640x384";

/** The user's options for the demo's detector. */
export interface ModelOptions {
  /** A module (`.wasm`) or weights; undefined: a known model. */
  readonly model: string | undefined;
  /** `640x384`: width × height of the model input; undefined: the model's default. */
  readonly size: string | undefined;
}

/**
 * Returns the given detector module, or compiles one from weights that are given, found or downloaded. The compiled module
 * is kept in $SABREWING_HOME/demo under a name that changes with the weights and with the compiler.
 * @param sabrewing the command line that starts the agent's program
 * @param say called with a line for the user
 * @returns path of the module
 * @throws Error when compilation fails; the program has printed the reason
 */
export async function prepareModule(
  sabrewing: readonly [string, ...string[]],
  { model, size }: ModelOptions,
  say: (line: string) => void,
): Promise<string> {
  if (model?.endsWith(".wasm")) return model;
  if (model !== undefined) {
    const name = `${basename(model)}-${digest([model])}`;
    return compiled(sabrewing, name, size ?? YOLOV5_SIZE, [model]);
  }
  const { known, weights } = await chooseModel(demoCandidates(), { env: process.env }, process.stderr, say);
  const args = [weights, "--name", known.name, "--licence", known.licence.id];
  return compiled(sabrewing, known.name, size ?? usualSize(known), args);
}

function usualSize({ name, input }: ChosenModel["known"]): string {
  return name === "yolov5n" ? YOLOV5_SIZE : `${input.width}x${input.height}`;
}

/** Path of the module of this name and size, which `compile ARGS…` makes if it is missing. */
function compiled(
  sabrewing: readonly [string, ...string[]],
  name: string,
  size: string,
  args: readonly string[],
): string {
  const folder = join(sabrewingHome(process.env), "demo");
  const target = fastestTarget();
  const what = `${name}-${size}-${target}`;
  const path = join(folder, `${what}-${digest(compilerSources())}.wasm`);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  const partial = join(folder, `partial-${process.pid}.wasm`);
  const [program, ...before] = sabrewing;
  const order = [...before, "compile", ...args, "-o", partial, "--size", size, "--target", target, "--json"];
  // The progress bar and messages go to stderr.
  const made = spawnSync(program, order, { stdio: ["ignore", "ignore", "inherit"] });
  if (made.status !== 0) {
    throw new Error(
      "the detector could not be compiled (see above). Give a module, or other weights: --model FILE",
    );
  }
  // Modules of earlier compilers are obsolete.
  for (const outdated of globSync(`${what}-*.wasm`, { cwd: folder })) rmSync(join(folder, outdated));
  // The rename is atomic: an incomplete module never has the final name.
  renameSync(partial, path);
  return path;
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
