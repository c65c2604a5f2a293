import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { chooseModule, type ModuleTrust, sabrewingHome, setOf } from "../../../detectors/detector.ts";
import { ConfigError } from "../../base/errors.ts";
import type { Environment } from "../../config/environment.ts";
import { loadConfig } from "../../config/load.ts";
import { moduleTrust } from "../../detector-for-cameras.ts";

/** Where to look for a detector module, for commands that also work without a configuration. */
export interface ModuleSearch {
  /** `--model`. */
  readonly named: string | undefined;
  /** `--config`. */
  readonly configFile: string | undefined;
  readonly env: Environment;
}

/** A detector module and the requirements on it. */
export interface FoundModule {
  readonly path: string;
  /** The requirements of the configuration that names it; empty for `--model`. */
  readonly trust: ModuleTrust;
}

/**
 * Finds the detector module: the named one, else the configured one, else the newest in `$SABREWING_HOME`. From a set of
 * variants it takes the fastest that this engine supports.
 * @throws ConfigError that lists all searched places if there is none; ModelError if no variant is supported.
 */
export function findModule({ named, configFile, env }: ModuleSearch): FoundModule {
  if (named !== undefined) return { path: chooseModule(named).path, trust: {} };
  const tried: string[] = [];
  try {
    const { model } = loadConfig(configFile, env).config;
    const { precision } = model;
    return { path: chooseModule(model.path, { precision }).path, trust: moduleTrust(model) };
  } catch (error) {
    // Only a configuration named by --config must be valid. Errors of the default files become part of the message.
    if (!(error instanceof ConfigError) || configFile !== undefined) throw error;
    tried.push(error.message);
  }
  const home = sabrewingHome(env);
  const newest = newestModule(home);
  if (newest !== undefined) return { path: chooseModule(newest).path, trust: {} };
  tried.push(`no .wasm file in ${home}`);
  throw new ConfigError(
    `no detector module: ${tried.join("; ")}`,
    "Run `sabrewing pull yolov5n`, or name a module with --model.",
  );
}

/** The newest module in a folder, or the set of variants that it belongs to. */
export function newestModule(folder: string): string | undefined {
  const newest = modulesIn(folder).sort((a, b) => b.changedMs - a.changedMs)[0];
  // The newest file identifies the newest set of variants, but not its best variant.
  return newest && (setOf(newest.path) ?? newest.path);
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
