import { join } from "node:path";
import { openHome } from "./announce-home.ts";
import type { Clock } from "./base/clock.ts";
import type { Log } from "./base/log.ts";
import type { RecentLines } from "./base/recent-lines.ts";
import { createSignal, type Signal } from "./base/signal.ts";
import { startCameraPipeline } from "./camera-pipeline.ts";
import { currentCameras } from "./config/current-cameras.ts";
import type { AgentConfig } from "./config/schema.ts";
import { type CameraShapes, refuseShapes } from "./config/write-shapes.ts";
import { requireKnownLabels } from "./detector-for-cameras.ts";
import { handleCommands } from "./handle-commands.ts";
import { publishCameraStates } from "./health/camera-states.ts";
import { recordEvents } from "./health/event-history.ts";
import { openMeter } from "./health/meter.ts";
import { monitorProgress } from "./health/progress.ts";
import { publishStats } from "./health/publish-stats.ts";
import { statusLine } from "./health/status-line.ts";
import { notifyServiceManager, type ServiceManager } from "./health/systemd.ts";
import { openOutbox } from "./mqtt/outbox.ts";
import { openPublisher } from "./mqtt/publisher.ts";
import { recordRetained } from "./mqtt/retained-messages.ts";
import { combineSubscriptions } from "./mqtt/subscriptions.ts";
import { openDetector } from "./open-detector.ts";
import { reloadConfig } from "./reload-config.ts";
import { renewModel } from "./renew-model.ts";
import { serveFigures } from "./serve-figures.ts";
import { sqliteStore } from "./state/sqlite-store.ts";
import { openSwitches } from "./state/switches.ts";

/** The dependencies of the daemon. */
export interface RunDependencies {
  readonly clock: Clock;
  readonly log: Log;
  /** A number from 0 up to 1. */
  readonly random: () => number;
  readonly version: string;
  /** The file of the configuration. `check` recognises the running agent by it. */
  readonly configFile: string;
  /** Folder for data that survives restarts; it is created if it is missing. */
  readonly stateDirectory: string;
  /** Aborted: the agent ends all events, publishes that it is offline, and `run` resolves. */
  readonly signal: AbortSignal;
  /** Is notified that the agent is ready, alive or stopping; undefined without a service manager. */
  readonly manager?: ServiceManager | undefined;
  /** Called when everything is open. Until then the process may end at any moment: nothing was published. */
  readonly onOpen?: () => void;
  /** Raised when the user asks to read the configuration and to check the model's file again. Default: never. */
  readonly reload?: Signal;
  /** Reads the configuration again. @throws ConfigError. Default: it does not change. */
  readonly loadConfig?: () => AgentConfig;
  /** The latest lines of the log, for the live view. Default: none. */
  readonly recentLines?: Pick<RecentLines, "about">;
  /** Writes zones and masks to the configuration file, for the live view. @throws ConfigError. Default: it always does. */
  readonly writeShapes?: (camera: string, shapes: CameraShapes) => Promise<void>;
}

/** Limits of the outbox while the broker is away: a day of a street with seven objects a minute, and at most a week. */
const OUTBOX_LIMITS = { bytes: 20e6, ageMs: 7 * 24 * 3_600_000 };
/** The number of objects that `sabrewing status` lists. */
const EVENTS_SHOWN = 12;

/**
 * Runs the daemon: watches every camera and publishes events until the signal is aborted.
 * @throws ConfigError or ModelError for problems that only the user can fix; any other error is a bug.
 */
export async function run(config: AgentConfig, dependencies: RunDependencies): Promise<void> {
  const { clock, log, random, version, stateDirectory, manager, reload = createSignal() } = dependencies;
  const { writeShapes = refuseShapes } = dependencies;
  const current = currentCameras(config.cameras);
  const cameras = current.all();
  const { topic_prefix: prefix, stats_interval: statsSeconds } = config.mqtt;
  const oneFailed = new AbortController();
  const signal = AbortSignal.any([dependencies.signal, oneFailed.signal]);
  const inState = (file: string) => join(stateDirectory, file);

  await using outbox = await openOutbox(sqliteStore(stateDirectory), { clock, log, limits: OUTBOX_LIMITS });
  await using broker = openPublisher(config.mqtt, { outbox, clock, log, random });
  const { publish, lastPayload } = recordRetained(broker.publish);
  const states = publishCameraStates(prefix, cameras, publish);

  await using opened = await openDetector(config, {
    ...{ cameras: current, stateDirectory, log },
    onState: states.setDetectorState,
  });
  const { detector, modulePath } = opened;

  await using switches = await openSwitches(inState("switches.json"), config.cameras, { clock, log });
  const commands = handleCommands({ prefix, cameras: config.cameras, switches, clock, log, publish, signal });
  const home = await openHome(
    { ...config, cameras, detector: detector.model.name, version },
    { file: inState("announced.json"), clock, log, publish, signal },
  );
  dependencies.onOpen?.();
  home.announce();
  broker.connect(combineSubscriptions([commands, home.subscription]));

  const progress = monitorProgress(clock);
  const events = recordEvents(EVENTS_SHOWN);
  // The page's server is loaded only if it is on, to save memory.
  await using view = config.view.enabled
    ? await (await import("./view/live/open-live-view.ts")).openLiveView(config.view, cameras, {
        ...{ clock, log, random, version, signal, detector, config, stateDirectory },
        settings: current.all,
        recentLines: dependencies.recentLines ?? { about: () => [] },
        async applyShapes(camera, shapes) {
          await writeShapes(camera, shapes);
          reload.raise();
        },
      })
    : undefined;
  const { deadline_ms: deadlineMs } = config.detector;
  const shared = { clock, log, random, signal, detector, deadlineMs, view, publish, prefix, states, events };
  const watching = { ...shared, cameras: current, switches, progress };
  const pipelines = cameras.map((camera) => startCameraPipeline(camera, watching));

  const meter = openMeter(pipelines, { clock, version, detector, outbox, windowMs: statsSeconds * 1000 });
  const { stats } = meter;
  const { isConnected } = broker;
  const { configFile } = dependencies;
  await using _figures = await serveFigures(config, {
    ...{ configFile, cameras: pipelines, detector, events, lastPayload, stats, isConnected },
    ...{ view, stateDirectory, clock, log },
  });
  const { name: model, licence } = detector.model;
  const names = cameras.map(({ name }) => name);
  log.info({ cameras: names, model, licence, runtime: detector.runtime }, "ready");

  const checkModel = createSignal();
  const status = () => statusLine(pipelines, outbox.size(), detector.stats().state);
  const parts = [
    ...pipelines.map(({ done }) => done),
    publishStats(meter, { clock, signal, publish, mqtt: config.mqtt }),
    reloadConfig({
      ...{ config, cameras: current, home, view, request: reload, manager, log, signal },
      load: dependencies.loadConfig ?? (() => config),
      accept: (changed) => requireKnownLabels(changed, detector.model),
      onReloaded: checkModel.raise,
    }),
    renewModel({ detector, modulePath, reload: checkModel, clock, log, signal }),
    manager && notifyServiceManager(manager, { progress, status, clock, log, signal }),
  ];
  try {
    await Promise.all(parts);
  } finally {
    oneFailed.abort();
    await Promise.allSettled(parts);
  }
}
