import { existsSync } from "node:fs";
import { DEFAULT_CONFIG_FILES } from "../../config/load.ts";

/** Whether a configuration is that of the systemd service on this machine. A container has no systemd. */
export function isOfService(configFile: string, systemd = "/run/systemd/system"): boolean {
  return configFile === DEFAULT_CONFIG_FILES[0] && existsSync(systemd);
}

/** The command that starts the agent with a configuration. */
export function startCommand(configFile: string): string {
  return isOfService(configFile) ? "sudo systemctl enable --now sabrewing" : `sabrewing run -c ${configFile}`;
}
