import { join } from "node:path";
import { sabrewingHome } from "../../detectors/detector.ts";

/**
 * Path of the folder for what outlives a restart: the configured one, else the one systemd made for the service
 * ($STATE_DIRECTORY, systemd.exec(5)), else `state` in $SABREWING_HOME. It need not be there yet.
 */
export function stateDirectory(
  configured: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): string {
  // A unit with several names in StateDirectory= gets them all, separated by colons.
  const ofService = env.STATE_DIRECTORY?.split(":")[0];
  return configured ?? (ofService || join(sabrewingHome(env), "state"));
}
