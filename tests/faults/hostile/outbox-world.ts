import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import type { StoredMessage } from "../../../agent/state/message-store.ts";
import { sqliteStore } from "../../../agent/state/sqlite-store.ts";
import { startChild } from "../../../scripts/demonstration/child.ts";
import type { LogEntry } from "../../support/agent/agent-process.ts";
import { aboutObject } from "../../support/agent/object-events.ts";
import { brightAreaModule } from "../../support/detectors/bright-area-module.ts";
import { waitUntil } from "../../support/time/wait-until.ts";

/** A folder with the files of an agent and its outbox. Its camera is offline. */
export interface OutboxWorld extends Disposable {
  readonly databasePath: string;
  /** Fills the outbox: an event of two messages for each name. @returns the messages, numbered from 1 */
  store(names: readonly string[]): Promise<readonly StoredMessage[]>;
  /** Starts the agent, and waits until it is ready. */
  start(brokerPort: number): Promise<RunningAgent>;
}

export interface RunningAgent extends AsyncDisposable {
  readonly pid: number;
  readonly log: readonly (LogEntry & { readonly url?: string })[];
  /** The address of its metrics. */
  readonly metricsUrl: string;
  /** Undefined while it runs. */
  ended(): string | undefined;
  /** Sends SIGTERM. @returns how the agent ended, and after how many milliseconds */
  stop(): Promise<{ readonly how: string; readonly ms: number }>;
}

const MAIN = fileURLToPath(new URL("../../../agent/main.ts", import.meta.url));
const STARTS_WITHIN_MS = 60_000;

export function makeOutboxWorld(): OutboxWorld {
  const folder = mkdtempSync(join(tmpdir(), "sabrewing-hostile-"));
  const stateDirectory = join(folder, "state");
  const [config, model] = [join(folder, "sabrewing.yml"), join(folder, "detector.wasm")];
  writeFileSync(model, brightAreaModule("loop"));

  return {
    databasePath: join(stateDirectory, "outbox.db"),
    async store(names) {
      const store = await sqliteStore(stateDirectory).open();
      const messages = names.flatMap((name, index) => eventOf(name, 2 * index + 1));
      store.replace(messages);
      await store.close();
      return messages;
    },
    async start(brokerPort) {
      writeFileSync(
        config,
        stringify({
          mqtt: { host: "127.0.0.1", port: brokerPort, stats_interval: 1 },
          model: { path: model },
          metrics: { enabled: true, port: 0 },
          state_dir: stateDirectory,
          cameras: { door: { ffmpeg: { inputs: [{ path: "rtsp://127.0.0.1:1/none" }] } } },
        }),
      );
      return startAgent(config);
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}

async function startAgent(config: string): Promise<RunningAgent> {
  const log: (LogEntry & { readonly url?: string })[] = [];
  const agent = startChild("the agent", [process.execPath, MAIN, "run", "-c", config], {
    onLine(line) {
      if (line.startsWith("{")) log.push(JSON.parse(line));
    },
  });
  let ended: string | undefined;
  void agent.ended.then((how) => {
    ended = how;
  });
  await waitUntil(
    "the agent is ready",
    () => {
      if (ended !== undefined) throw new Error(`the agent ended: ${ended}\n${agent.lastLines().join("\n")}`);
      return log.some(({ msg }) => msg === "ready");
    },
    STARTS_WITHIN_MS,
  );
  return {
    pid: agent.pid ?? 0,
    log,
    metricsUrl: log.find(({ msg }) => msg === "serving metrics")?.url ?? "",
    ended: () => ended,
    async stop() {
      const startMs = performance.now();
      await agent.stop();
      return { how: await agent.ended, ms: performance.now() - startMs };
    },
    [Symbol.asyncDispose]: () => agent.stop(),
  };
}

function eventOf(name: string, sequence: number): readonly StoredMessage[] {
  return (["new", "end"] as const).map((type, index) => {
    const { topic, payload } = aboutObject(name, type, index + 1);
    return { sequence: sequence + index, topic, payload, delivered: false, addedMs: sequence + index };
  });
}
