import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { fastestTarget, sabrewingHome } from "../../detectors/detector.ts";
import { type ChosenModel, chooseModel, demoCandidates } from "./choose-model.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** Of YOLOv5, which takes any size: a camera's 16:9 at three fifths of the cost of 640x640. */
const YOLOV5_SIZE = "640x384";

/** What the user said about the demo's detector. */
export interface ModelWishes {
  /** A module (`.wasm`) or weights; undefined: a known model. */
  readonly model: string | undefined;
  /** `640x384`: width × height of the model input; undefined: what suits the model. */
  readonly size: string | undefined;
}

/**
 * A detector module for the demo: the one named, else compiled from the weights that are named, found or fetched. It is
 * kept in $SABREWING_HOME/demo under a name that changes with the weights and with the compiler.
 * @param sabrewing the command line that starts the agent's program
 * @param say tells the user a line
 * @returns path of the module
 * @throws Error when it cannot be had; the program has said why
 */
export async function prepareModule(
  sabrewing: readonly [string, ...string[]],
  { model, size }: ModelWishes,
  say: (line: string) => void,
): Promise<string> {
  if (model?.endsWith(".wasm")) return model;
  if (model !== undefined) {
    const name = `${basename(model)}-${digest([model])}`;
    return compiled(sabrewing, name, size ?? YOLOV5_SIZE, [model]);
  }
  const { known, weights } = await chooseModel(demoCandidates(), { env: process.env }, process.stderr, say);
  const words = [weights, "--name", known.name, "--licence", known.licence.id];
  return compiled(sabrewing, known.name, size ?? usualSize(known), words);
}

function usualSize({ name, input }: ChosenModel["known"]): string {
  return name === "yolov5n" ? YOLOV5_SIZE : `${input.width}x${input.height}`;
}

/** The module of that name and size, compiled by `compile WORDS…` unless it is there. */
function compiled(
  sabrewing: readonly [string, ...string[]],
  name: string,
  size: string,
  words: readonly string[],
): string {
  const folder = join(sabrewingHome(process.env), "demo");
  const target = fastestTarget();
  const what = `${name}-${size}-${target}`;
  const path = join(folder, `${what}-${digest(compilerSources())}.wasm`);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  const partial = join(folder, `partial-${process.pid}.wasm`);
  const [program, ...before] = sabrewing;
  const order = [...before, "compile", ...words, "-o", partial, "--size", size, "--target", target, "--json"];
  // The progress bar and all that is for people goes to stderr.
  const made = spawnSync(program, order, { stdio: ["ignore", "ignore", "inherit"] });
  if (made.status !== 0) {
    throw new Error("no detector module (see above). Name one, or weights to compile: --model FILE");
  }
  // What an earlier compiler made of it is of no use any more.
  for (const outdated of globSync(`${what}-*.wasm`, { cwd: folder })) rmSync(join(folder, outdated));
  // Only a whole module ever has the final name.
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
