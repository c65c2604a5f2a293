import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import type { Environment } from "../../config/environment.ts";
import { DEFAULT_CONFIG_FILES } from "../../config/load.ts";
import { pathNamedIn } from "../../config/named-paths.ts";
import { stateDirectory } from "../../state/directory.ts";

const WithStateDirectory = z.looseObject({ state_dir: z.string().optional() });

/** State directory of the systemd service. */
const OF_SERVICE = "/var/lib/sabrewing";

/**
 * The folders in which a running agent may keep its state, most likely first: state_dir of the configuration, or else this
 * user's default, then the service's. Nothing else is read from the configuration: it may need secrets that only the
 * service has.
 * @param config the file; undefined: the default files of `run`
 */
export function stateDirectories(config: string | undefined, env: Environment): readonly string[] {
  const files = config === undefined ? DEFAULT_CONFIG_FILES : [config];
  const configured = files.map(readStateDirectory).find((folder) => folder !== undefined);
  return [...new Set([stateDirectory(configured, env), OF_SERVICE])];
}

function readStateDirectory(file: string): string | undefined {
  try {
    const { state_dir: named } = WithStateDirectory.parse(
      parse(readFileSync(file, "utf8"), { stringKeys: true, logLevel: "error" }),
    );
    return named === undefined ? undefined : pathNamedIn(file, named);
  } catch {
    // Missing, or not readable for this user: try the other folders.
    return undefined;
  }
}
