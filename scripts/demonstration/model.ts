import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, globSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { sabrewingHome } from "../materials.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const KNOWN_MODEL = "yolov5n";

/**
 * A detector module for the demo: `model` itself where it is one, else compiled from `model` or, where none is given,
 * from the YOLOv5n that is found or fetched. It is kept in $SABREWING_HOME/demo under a name that changes with the
 * weights and with the compiler.
 * @param sabrewing the command line that starts the agent's program
 * @param size `640x384`: width × height of the model input
 * @returns path of the module
 * @throws Error when it cannot be had; the program has said why
 */
export function prepareModule(
  sabrewing: readonly [string, ...string[]],
  model: string | undefined,
  size: string,
): string {
  if (model?.endsWith(".wasm")) return model;
  const weights = model === undefined ? KNOWN_MODEL : `${basename(model)}-${digest([model])}`;
  const folder = join(sabrewingHome(), "demo");
  const path = join(folder, `${weights}-${size}-${digest(compilerSources())}.wasm`);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  const partial = join(folder, `partial-${process.pid}.wasm`);
  const order = model === undefined ? ["pull", KNOWN_MODEL] : ["compile", model];
  const [program, ...words] = sabrewing;
  const made = spawnSync(program, [...words, ...order, "-o", partial, "--size", size, "--json"], {
    // The progress bar and all that is for people goes to stderr.
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (made.status !== 0)
    throw new Error("no detector module (see above). Name one, or weights to compile: --model FILE");
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
