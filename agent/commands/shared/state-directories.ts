import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import type { Environment } from "../../config/environment.ts";
import { DEFAULT_CONFIG_FILES } from "../../config/load.ts";
import { stateDirectory } from "../../state/directory.ts";

const WithStateDirectory = z.looseObject({ state_dir: z.string().optional() });

/** Where the systemd unit keeps its state. */
const OF_SERVICE = "/var/lib/sabrewing";

/**
 * Where a running agent may keep its state, likeliest first: the folder of its configuration, the one it would take here
 * without any, and the service's. Of the configuration nothing else is read: it may want secrets that only the service
 * has.
 * @param config the file; undefined: where `run` looks for it
 */
export function stateDirectories(config: string | undefined, env: Environment): readonly string[] {
  const files = config === undefined ? DEFAULT_CONFIG_FILES : [config];
  const configured = files.map(readStateDirectory).find((folder) => folder !== undefined);
  return [...new Set([stateDirectory(configured, env), OF_SERVICE])];
}

function readStateDirectory(file: string): string | undefined {
  try {
    return WithStateDirectory.parse(
      parse(readFileSync(file, "utf8"), { stringKeys: true, logLevel: "error" }),
    ).state_dir;
  } catch {
    // Not there, or not readable for this user: the other places are left.
    return undefined;
  }
}
