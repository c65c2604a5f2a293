import { accessSync, constants, existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DEFAULT_CONFIG_FILES } from "../../config/load.ts";

/** Where `sabrewing pull` is told to write by the service's manual. */
const PULLED_MODEL = "/var/lib/sabrewing/yolov5n-320.wasm";

/** Where a first configuration goes: to the service's place where it may be written, else into the working directory. */
export function firstConfigFile(files: readonly string[] = DEFAULT_CONFIG_FILES): string {
  const writable = files.find((file) => mayWrite(dirname(file)));
  return writable ?? files.at(-1) ?? "sabrewing.yml";
}

/** The detector of a first configuration: the one that was pulled, else the one that came with the program. */
export function firstModel(program: string, pulled = PULLED_MODEL): string {
  if (existsSync(pulled)) return pulled;
  const folder = join(program, "models");
  const carried = existsSync(folder) ? readdirSync(folder).find((name) => name.endsWith(".wasm")) : undefined;
  return carried === undefined ? pulled : join(folder, carried);
}

/** Whether a configuration is still the one that came with the program, which holds nobody's work. */
export function isStarter(file: string, program: string): boolean {
  const text = readIfThere(file);
  return text !== undefined && text === readIfThere(join(program, "config/starter.yml"));
}

function mayWrite(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function readIfThere(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}
