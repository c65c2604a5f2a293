import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { DEFAULT_CONFIG_FILES } from "../../config/load.ts";
import { newestModule } from "../shared/find-module.ts";

/** The path to which the manual lets `sabrewing pull` write. */
const PULLED_MODEL = "/var/lib/sabrewing/yolov5n-320.wasm";

/** The path of a first configuration: the service's if its folder is writable, else in the working directory. */
export function firstConfigFile(files: readonly string[] = DEFAULT_CONFIG_FILES): string {
  const writable = files.find((file) => mayWrite(dirname(file)));
  return writable ?? files.at(-1) ?? "sabrewing.yml";
}

/**
 * The detector of a first configuration: the pulled one, else the one in the package, else the newest in the folders to which
 * `sabrewing pull` writes without the package.
 */
export function firstModel(program: string, folders: readonly string[], pulled = PULLED_MODEL): string {
  if (existsSync(pulled)) return pulled;
  const found = [join(program, "models"), ...folders].map(newestModule);
  return found.find((path) => path !== undefined) ?? pulled;
}

/** The path of a module as a configuration names it. Relative paths there are relative to the configuration file. */
export function modelFrom(output: string, model: string): string {
  const isSame = resolve(dirname(output), model) === resolve(model);
  return isSame ? model : resolve(model);
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
