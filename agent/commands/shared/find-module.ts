import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { chooseModule, type ModuleTrust, sabrewingHome, setOf } from "../../../detectors/detector.ts";
import { ConfigError } from "../../base/errors.ts";
import type { Environment } from "../../config/environment.ts";
import { loadConfig } from "../../config/load.ts";
import { moduleTrust } from "../../detector-for-cameras.ts";

/** Where a command that can do without a configuration looks for its detector module. */
export interface ModuleSearch {
  /** `--model`. */
  readonly named: string | undefined;
  /** `--config`. */
  readonly configFile: string | undefined;
  readonly env: Environment;
}

/** A detector module and what must hold of it. */
export interface FoundModule {
  readonly path: string;
  /** What the configuration that names it asks for; nothing where a person has named it. */
  readonly trust: ModuleTrust;
}

/**
 * The detector module: the one named, else the configuration's, else the newest in `$SABREWING_HOME`; of a set
 * of variants the best that this engine runs.
 * @throws ConfigError when there is none, with all the places looked at; ModelError when no variant will do.
 */
export function findModule({ named, configFile, env }: ModuleSearch): FoundModule {
  if (named !== undefined) return { path: chooseModule(named).path, trust: {} };
  const looked: string[] = [];
  try {
    const { model } = loadConfig(configFile, env).config;
    const { precision } = model;
    return { path: chooseModule(model.path, { precision }).path, trust: moduleTrust(model) };
  } catch (error) {
    // Only a configuration that was asked for must be good; the words of the others say why they were no help.
    if (!(error instanceof ConfigError) || configFile !== undefined) throw error;
    looked.push(error.message);
  }
  const home = sabrewingHome(env);
  const newest = modulesIn(home).sort((a, b) => b.changedMs - a.changedMs)[0];
  // One of several variants that were written together says which set is the newest, not which of it is the best.
  if (newest !== undefined) return { path: chooseModule(setOf(newest.path) ?? newest.path).path, trust: {} };
  looked.push(`no .wasm file in ${home}`);
  throw new ConfigError(
    `no detector module: ${looked.join("; ")}`,
    "Get one with `sabrewing pull yolov5n`, or name one with --model.",
  );
}

function modulesIn(folder: string): { path: string; changedMs: number }[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names
    .filter((name) => name.endsWith(".wasm"))
    .map((name) => join(folder, name))
    .map((path) => ({ path, changedMs: statSync(path).mtimeMs }));
}
