import { join } from "node:path";
import { sabrewingHome } from "../../detectors/detector.ts";

/**
 * Path of the folder for data that survives restarts: the configured one, else the one that systemd made for the service
 * ($STATE_DIRECTORY, systemd.exec(5)), else `state` in $SABREWING_HOME. The folder need not exist yet.
 */
export function stateDirectory(
  configured: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string {
  // For a unit with several names in StateDirectory=, the paths are separated by colons.
  const ofService = env.STATE_DIRECTORY?.split(":")[0];
  return configured ?? (ofService || join(sabrewingHome(env), "state"));
}
