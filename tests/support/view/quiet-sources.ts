import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AgentConfig, CameraConfig } from "../../../agent/config/schema.ts";
import { refuseShapes } from "../../../agent/config/write-shapes.ts";
import { configOfDoor } from "../agent/small-config.ts";

/** What the live view tells about an agent with these cameras, an empty log and no past. */
export function quietSources(
  cameras: readonly CameraConfig[],
  stateDirectory = mkdtempSync(join(tmpdir(), "history-")),
) {
  const config: AgentConfig = { ...configOfDoor(), cameras: [...cameras] };
  const recentLines = { about: () => [] };
  return { config, settings: () => cameras, stateDirectory, recentLines, applyShapes: refuseShapes };
}

/** The settings of a live view on a free port. */
export function viewConfig(token: string, allowedHosts: string[] = []) {
  return { host: "127.0.0.1", port: 0, allowed_hosts: allowedHosts, allow_config_changes: false, token };
}
