import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import type { EventMessage } from "../../../agent/events/event.ts";
import type { Stats } from "../../../agent/health/stats.ts";
import { startChild } from "../../../scripts/demonstration/child.ts";
import type { LogEntry } from "../../support/agent/agent-process.ts";
import { type Heard, listen, startMosquitto, type TestBroker } from "../../support/mqtt/brokers.ts";
import { waitUntil } from "../../support/time/wait-until.ts";

/** The settings of the agent, as in its configuration file. */
export interface WatchSettings {
  readonly modulePath: string;
  /** Settings of the section `model` besides the path. */
  readonly model?: object;
  readonly detector?: object;
  /** Kept after the agent has ended. Default: a temporary folder. */
  readonly stateDirectory?: string;
  readonly cameras: Readonly<Record<string, object>>;
  readonly view?: object;
  readonly metrics?: object;
  /** The command line that starts the agent. Default: the sources. */
  readonly sabrewing?: readonly [program: string, ...words: string[]];
  readonly env?: Readonly<Record<string, string>>;
}

/** An agent that watches cameras, its broker, and a client that listens to the broker. */
export interface WatchWorld extends AsyncDisposable {
  readonly pid: number;
  /** Path of the agent's configuration file. */
  readonly config: string;
  readonly log: readonly LogEntry[];
  readonly broker: TestBroker;
  /** The latest figures. */
  stats(): Stats;
  /** The published states of the camera so far: online, offline, motion_only. */
  statuses(camera: string): readonly string[];
  events(camera: string): readonly EventMessage[];
  /** Waits until the camera is online and delivers frames. @returns milliseconds */
  untilFrames(camera: string, withinMs: number): Promise<number>;
  /** Waits for this status of the camera. */
  untilStatus(camera: string, status: string, withinMs: number): Promise<void>;
  /** Waits for new figures. */
  newStats(): Promise<Stats>;
  /** Starts the broker again on its port, after it was killed. */
  startBroker(): Promise<void>;
  /** Stops the agent. @returns how it ended */
  stop(): Promise<string>;
}

const MAIN = fileURLToPath(new URL("../../../agent/main.ts", import.meta.url));
const PREFIX = "sabrewing";
const STARTS_WITHIN_MS = 60_000;
const FIGURES_WITHIN_MS = 30_000;

/** Settings of a camera with five frames a second that tracks people, cars and dogs. */
export function watched(address: string, settings: object = {}): object {
  return {
    ffmpeg: { inputs: [{ path: address }] },
    objects: { track: ["person", "car", "dog"] },
    ...settings,
  };
}

/** Starts the agent, with mosquitto, and waits until it is ready. */
export async function startWatchWorld(settings: WatchSettings): Promise<WatchWorld> {
  const { sabrewing = [process.execPath, MAIN] } = settings;
  await using stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "sabrewing-watch-"));
  stack.defer(() => rmSync(folder, { recursive: true }));
  let broker = await startMosquitto();
  stack.defer(() => broker.kill());
  const listener = await listen(broker.port);
  stack.defer(() => listener.stop());
  const heard = new ReceivedMessages(listener.heard);

  const config = join(folder, "sabrewing.yml");
  writeFileSync(
    config,
    stringify({
      mqtt: { host: "127.0.0.1", port: broker.port, topic_prefix: PREFIX, stats_interval: 1 },
      model: { path: settings.modulePath, ...settings.model },
      detector: settings.detector ?? {},
      view: settings.view ?? {},
      metrics: settings.metrics ?? {},
      state_dir: settings.stateDirectory ?? join(folder, "state"),
      cameras: settings.cameras,
    }),
  );
  const log: LogEntry[] = [];
  const [program, ...words] = sabrewing;
  const agent = startChild("the agent", [program, ...words, "run", "-c", config], {
    env: settings.env ?? {},
    onLine(line) {
      if (line.startsWith("{")) log.push(JSON.parse(line) as LogEntry);
    },
  });
  stack.defer(() => agent.stop());
  const { pid } = agent;
  if (pid === undefined) throw new Error(await agent.ended);
  let ended: string | undefined;
  void agent.ended.then((how) => {
    ended = how;
  });
  const isReady = () => {
    if (ended !== undefined) throw new Error(`the agent ended: ${ended}\n${agent.lastLines().join("\n")}`);
    return log.some(({ msg }) => msg === "ready");
  };
  await waitUntil("the agent is ready", isReady, STARTS_WITHIN_MS);
  const parts = stack.move();

  const world: WatchWorld = {
    pid,
    config,
    log,
    get broker() {
      return broker;
    },
    stats: () => heard.stats(),
    statuses: (camera) => heard.payloads(`${PREFIX}/${camera}/status`),
    events: (camera) => heard.events().filter(({ after }) => after.camera === camera),
    async newStats() {
      const before = heard.statsCount();
      await waitUntil("new figures", () => heard.statsCount() > before, FIGURES_WITHIN_MS);
      return heard.stats();
    },
    async untilStatus(camera, status, withinMs) {
      await waitUntil(`${camera} is ${status}`, () => world.statuses(camera).at(-1) === status, withinMs);
    },
    async untilFrames(camera, withinMs) {
      const startMs = performance.now();
      const before = heard.statsCount();
      const hasFrames = () =>
        heard.statsCount() > before &&
        world.statuses(camera).at(-1) !== "offline" &&
        (world.stats().cameras[camera]?.camera_fps ?? 0) > 0;
      await waitUntil(`frames of ${camera}`, hasFrames, withinMs);
      return performance.now() - startMs;
    },
    async startBroker() {
      broker = await startMosquitto(broker.port);
    },
    async stop() {
      await agent.stop();
      return agent.ended;
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
  return world;
}

/** The messages at the broker, by topic; of the figures only the latest. */
class ReceivedMessages {
  readonly #heard: Heard[];
  readonly #payloads = new Map<string, string[]>();
  #stats: Stats | undefined;
  #statsCount = 0;

  constructor(heard: Heard[]) {
    this.#heard = heard;
  }

  payloads(topic: string): readonly string[] {
    this.#read();
    return this.#payloads.get(topic) ?? [];
  }

  events(): readonly EventMessage[] {
    return this.payloads(`${PREFIX}/events`).map((payload) => JSON.parse(payload) as EventMessage);
  }

  statsCount(): number {
    this.#read();
    return this.#statsCount;
  }

  stats(): Stats {
    this.#read();
    if (this.#stats === undefined) throw new Error("no figures yet");
    return this.#stats;
  }

  #read(): void {
    for (const { topic, payload } of this.#heard.splice(0)) {
      if (topic === `${PREFIX}/stats`) {
        this.#stats = JSON.parse(payload) as Stats;
        this.#statsCount++;
      } else {
        this.#payloads.set(topic, [...(this.#payloads.get(topic) ?? []), payload]);
      }
    }
  }
}
