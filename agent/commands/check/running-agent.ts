import { realpathSync } from "node:fs";
import { join, resolve } from "node:path";
import { ConfigError, TransientError } from "../../base/errors.ts";
import type { Report } from "../../health/report.ts";
import { REPORT_SOCKET } from "../../health/serve-report.ts";
import { reports } from "../status/status.ts";

/** An agent that runs on this machine and answers `sabrewing status`. */
export interface RunningAgent extends Pick<Report, "pid" | "config_file" | "ports"> {
  readonly cameras: readonly Pick<Report["cameras"][number], "name" | "online" | "camera_fps">[];
  /** Its state folder. */
  readonly folder: string;
  /** Whether it was started with the configuration that is checked. */
  readonly isOurs: boolean;
}

/**
 * The agents that keep their state in these folders and run now. An agent to which this user may not connect is left out.
 * @param configFile the configuration that is checked
 */
export async function runningAgents(
  folders: readonly string[],
  configFile: string,
  signal: AbortSignal,
): Promise<readonly RunningAgent[]> {
  const found = await Promise.all(folders.map((folder) => agentIn(folder, configFile, signal)));
  return found.filter((agent) => agent !== undefined);
}

const ANSWER_WITHIN_MS = 3_000;

async function agentIn(
  folder: string,
  configFile: string,
  signal: AbortSignal,
): Promise<RunningAgent | undefined> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]);
  try {
    for await (const { pid, config_file, ports, cameras } of reports([join(folder, REPORT_SOCKET)], limit)) {
      const isOurs = realPath(config_file) === realPath(configFile);
      return { folder, pid, config_file, ports, cameras, isOurs };
    }
  } catch (error) {
    // No agent answers, or this user may not ask it.
    if (!(error instanceof TransientError) && !(error instanceof ConfigError)) throw error;
  }
  return undefined;
}

function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return resolve(file);
  }
}
