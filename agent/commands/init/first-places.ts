import { accessSync, constants, existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { DEFAULT_CONFIG_FILES } from "../../config/load.ts";

/** The path to which the manual lets `sabrewing pull` write. */
const PULLED_MODEL = "/var/lib/sabrewing/yolov5n-320.wasm";

/** The path of a first configuration: the service's if its folder is writable, else in the working directory. */
export function firstConfigFile(files: readonly string[] = DEFAULT_CONFIG_FILES): string {
  const writable = files.find((file) => mayWrite(dirname(file)));
  return writable ?? files.at(-1) ?? "sabrewing.yml";
}

/** The detector of a first configuration: the pulled one, else the one in the package. */
export function firstModel(program: string, pulled = PULLED_MODEL): string {
  if (existsSync(pulled)) return pulled;
  const folder = join(program, "models");
  const bundled = existsSync(folder) ? readdirSync(folder).find((name) => name.endsWith(".wasm")) : undefined;
  return bundled === undefined ? pulled : join(folder, bundled);
}

/** Whether a configuration is the unchanged file from the package. */
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
