import { join } from "node:path";
import { ConfigError } from "../../base/errors.ts";
import { REPORT_SOCKET } from "../../health/serve-report.ts";
import { StoreError } from "../../state/message-store.ts";
import { examineStore } from "../../state/sqlite-store.ts";
import type { Advice, Finding } from "./finding.ts";
import type { RunningAgent } from "./running-agent.ts";
import { tryFolder, type UsedFolder } from "./try-folder.ts";
import type { UnitFolders } from "./unit-folders.ts";

/** Longest path of a Unix socket, in bytes (unix(7)). */
const LONGEST_SOCKET = 107;

/**
 * Checks that the agent can keep its state in a folder, and that no other agent does.
 * @param agents that run now
 * @param unit the rules of the systemd unit, if the agent runs as a service
 * @throws ConfigError, or TransientError if the disk is full
 */
export async function tryState(
  folder: UsedFolder,
  agents: readonly RunningAgent[],
  unit?: UnitFolders,
): Promise<Finding> {
  const running = agents.find((agent) => agent.folder === folder.path);
  if (running?.isOurs === false) throw inUse(folder, running);
  const { words, advice = [] } = await tryFolder(folder, unit);
  const store = running === undefined ? await tryStore(folder) : [];
  const socket = Buffer.byteLength(join(folder.path, REPORT_SOCKET)) > LONGEST_SOCKET ? [LONG_PATH] : [];
  return {
    words: running === undefined ? words : `${words}, used by the running agent`,
    advice: [...advice, ...store, ...socket],
  };
}

async function tryStore({ path, key }: UsedFolder): Promise<readonly Advice[]> {
  try {
    await examineStore(path);
    return [];
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    if (error.kind === "damaged") return [damaged(error)];
    const remedy =
      error.kind === "newer"
        ? `Install the newer version again, or set ${key} to another folder; this version then starts without those events.`
        : `Rename or remove it, or set ${key} to another folder.`;
    throw new ConfigError(`the stored events cannot be used: ${error.message}`, remedy, { cause: error });
  }
}

function inUse({ path, key }: UsedFolder, { pid, config_file }: RunningAgent): ConfigError {
  return new ConfigError(
    `another agent keeps its state in ${path}: process ${pid}, with the configuration ${config_file}`,
    `Set ${key} to another folder. If this configuration replaces that one, stop that agent first.`,
  );
}

function damaged(error: StoreError): Advice {
  return {
    message: `the stored events are damaged (${error.message}): the agent renames the file and starts a new one`,
    remedy: "Check the disk, especially an SD card.",
  };
}

const LONG_PATH: Advice = {
  message: "sabrewing status does not work for this agent: the path of state_dir is too long for a socket",
  remedy: `Set state_dir to a folder whose path has at most ${LONGEST_SOCKET - REPORT_SOCKET.length - 1} bytes.`,
};
