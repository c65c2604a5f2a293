import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sqliteStore } from "../../../agent/state/sqlite-store.ts";
import { startAgentProcess } from "../../../scripts/demonstration/agent.ts";
import { type Child, startChild } from "../../../scripts/demonstration/child.ts";
import type { LogEntry } from "../../support/agent/agent-process.ts";
import { waitUntil } from "../../support/time/wait-until.ts";
import { type ReportedMessage, readReported } from "./verdict.ts";

/** A process that publishes events: the agent with a camera, or only its outbox with made-up events. */
export interface Source {
  /** Its name at the broker. */
  readonly clientId: string;
  /** Starts the process, also after it ended: it continues with the stored state. */
  start(): Promise<SourceProcess>;
}

export interface SourceProcess {
  readonly process: Child & { readonly pid: number };
  readonly log: readonly LogEntry[];
  /** Messages that it reported as stored. */
  readonly kept: readonly ReportedMessage[];
  /** Sends SIGKILL and returns the messages on disk. */
  kill(): Promise<readonly ReportedMessage[]>;
}

const MAIN = fileURLToPath(new URL("../../../agent/main.ts", import.meta.url));
const EVENTS_MADE_UP = fileURLToPath(new URL("./event-source.ts", import.meta.url));
const JUMPING_CLOCK = fileURLToPath(new URL("../../support/time/jumping-clock.ts", import.meta.url));
const NODE = [process.execPath, "--import", JUMPING_CLOCK] as const;

/** Made-up events, about forty messages a second. */
export function madeUpSource(stateDirectory: string, brokerPort: number): Source {
  const clientId = "sabrewing-made-up";
  return sourceOf(stateDirectory, clientId, (onLine) => {
    const words = [EVENTS_MADE_UP, stateDirectory, String(brokerPort), clientId];
    return startChild("the made-up agent", [...NODE, ...words], { onLine });
  });
}

export interface CameraSourceOptions {
  readonly modulePath: string;
  readonly cameraUrl: string;
  readonly labels: readonly string[];
}

/** The agent and a camera that it watches. */
export function cameraSource(
  stateDirectory: string,
  brokerPort: number,
  { modulePath, cameraUrl, labels }: CameraSourceOptions,
): Source {
  return sourceOf(stateDirectory, `sabrewing-demo-${process.pid}`, (onLine) => {
    const settings = {
      broker: { host: "127.0.0.1", port: brokerPort },
      prefix: "sabrewing",
      modulePath,
      cameraUrl,
      labels,
      stateDirectory,
      snapshots: false,
      statsIntervalSeconds: 60,
    };
    return startAgentProcess([...NODE, MAIN], settings, onLine);
  });
}

function sourceOf(
  stateDirectory: string,
  clientId: string,
  spawn: (onLine: (line: string) => void) => Child,
): Source {
  return {
    clientId,
    async start() {
      const log: LogEntry[] = [];
      const kept: ReportedMessage[] = [];
      const child = spawn((line) => {
        if (line.startsWith("{")) log.push(JSON.parse(line) as LogEntry);
        if (line.startsWith("kept ")) kept.push(JSON.parse(line.slice(5)) as ReportedMessage);
      });
      const { pid } = child;
      if (pid === undefined) throw new Error(await child.ended);
      let ended: string | undefined;
      child.ended.then((how) => {
        ended = how;
      });
      await waitUntil("the agent is ready", () => {
        if (ended !== undefined)
          throw new Error(`the agent ended: ${ended}\n${child.lastLines().join("\n")}`);
        return log.some(({ msg }) => msg === "ready");
      });
      return {
        process: { ...child, pid },
        log,
        kept,
        async kill() {
          process.kill(pid, "SIGKILL");
          await child.ended;
          return readStore(stateDirectory);
        },
      };
    },
  };
}

/** The messages that a killed agent left on disk, read from a copy, since opening a store changes it. */
async function readStore(stateDirectory: string): Promise<readonly ReportedMessage[]> {
  const copy = mkdtempSync(join(tmpdir(), "sabrewing-store-"));
  for (const file of ["outbox.db", "outbox.db-wal"]) {
    if (existsSync(join(stateDirectory, file))) copyFileSync(join(stateDirectory, file), join(copy, file));
  }
  const store = await sqliteStore(copy).open();
  const reported = store.load().map(({ payload }) => readReported(String(payload)));
  await store.close();
  rmSync(copy, { recursive: true });
  return reported;
}
