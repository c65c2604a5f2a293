import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { type Child, startChild } from "../../demonstration/child.ts";
import type { WatchedStream } from "./cameras.ts";
import type { Agent } from "./contestants.ts";

const MAIN = fileURLToPath(new URL("../../../agent/main.ts", import.meta.url));

/** The settings of the agent and of the script. */
export interface Task {
  readonly streams: readonly WatchedStream[];
  readonly fps: number;
  readonly brokerPort: number;
  /** First level of the topics. */
  readonly prefix: string;
  /** The objects that the agent tracks. Default: the agent's. */
  readonly labels?: readonly string[];
  /** How often the agent publishes its figures. Default: every second. */
  readonly figuresSeconds?: number;
}

/** Starts the agent with default settings, except that it publishes its figures more often. */
export function startAgent(agent: Agent, task: Task): Child {
  const folder = mkdtempSync(join(tmpdir(), "sabrewing-agent-"));
  const configPath = join(folder, "sabrewing.yml");
  writeFileSync(configPath, agentConfig(agent, task, join(folder, "state")));
  const child = startChild("the agent", [process.execPath, MAIN, "run", "-c", configPath]);
  child.ended.then(() => rmSync(folder, { recursive: true }));
  return child;
}

function agentConfig({ runtime, modulePath }: Agent, task: Task, stateDirectory: string): string {
  const objects = task.labels === undefined ? {} : { objects: { track: task.labels } };
  const cameras = task.streams.map(({ name, url }) => {
    return [name, { ffmpeg: { inputs: [{ path: url }] }, detect: { fps: task.fps }, ...objects }] as const;
  });
  return stringify({
    mqtt: {
      host: "127.0.0.1",
      port: task.brokerPort,
      client_id: task.prefix,
      topic_prefix: task.prefix,
      stats_interval: task.figuresSeconds ?? 1,
    },
    model: { path: modulePath },
    detector: { runtime },
    cameras: Object.fromEntries(cameras),
    state_dir: stateDirectory,
  });
}
