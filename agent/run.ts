import { join } from "node:path";
import { chooseModule, type Detector, openReplaceable } from "../detectors/detector.ts";
import { openHome } from "./announce-home.ts";
import type { Clock } from "./base/clock.ts";
import { withIdleTimeout } from "./base/idle-timeout.ts";
import type { Log } from "./base/log.ts";
import { newestOnly } from "./base/newest-only.ts";
import { createSignal, type Signal } from "./base/signal.ts";
import { refuseFrozenPicture } from "./camera/frozen-picture.ts";
import { keepReading } from "./camera/keep-reading.ts";
import { rememberSize } from "./camera/remember-size.ts";
import { longestSilenceMs, readCamera } from "./camera/rtsp.ts";
import type { AgentConfig, CameraConfig, ViewConfig } from "./config/schema.ts";
import { detectorOptions, requireKnownLabels } from "./detector-for-cameras.ts";
import { eventIds } from "./events/event-id.ts";
import { type CameraStates, tellCameraStates } from "./health/camera-states.ts";
import { rememberConnection } from "./health/connection.ts";
import { type Meter, openMeter } from "./health/meter.ts";
import { type Pulses, takePulses, whileReading, whileWorking } from "./health/pulse.ts";
import { type RecentEvents, rememberEvents } from "./health/recent-events.ts";
import { takeReport } from "./health/report.ts";
import { type ServeMetricsDependencies, serveMetrics } from "./health/serve-metrics.ts";
import { REPORT_SOCKET, serveReport } from "./health/serve-report.ts";
import type { CameraCondition, CameraCounters } from "./health/stats.ts";
import { statusLine } from "./health/status-line.ts";
import { keepTelling, type ServiceManager } from "./health/systemd.ts";
import { tellStats } from "./health/tell-stats.ts";
import { newerSighting, watchMotion } from "./motion/watch-motion.ts";
import { detectState } from "./mqtt/commands.ts";
import { hearTogether } from "./mqtt/hear-together.ts";
import { rememberTold } from "./mqtt/last-told.ts";
import type { Message } from "./mqtt/message.ts";
import { openOutbox } from "./mqtt/outbox.ts";
import { connectBroker } from "./mqtt/publisher.ts";
import { obeyCommands } from "./obey-commands.ts";
import { renewModel } from "./renew-model.ts";
import { openReleaseMemory, RELEASES_FILE } from "./state/releases.ts";
import { sqliteStore } from "./state/sqlite-store.ts";
import { openSwitches, type Switches } from "./state/switches.ts";
import type { LiveView, LiveViewDependencies } from "./view/live/open-live-view.ts";
import { snapshotFolder } from "./view/snapshot-folder.ts";
import { watchCamera } from "./watch-camera.ts";

/** What the daemon needs from the world. */
export interface Surroundings {
  readonly clock: Clock;
  readonly log: Log;
  /** A number from 0 up to 1. */
  readonly random: () => number;
  readonly version: string;
  /** Folder for what outlives a restart; it is made where it is missing. */
  readonly stateDirectory: string;
  /** Aborted: the agent ends all events, says that it is offline, and `run` resolves. */
  readonly signal: AbortSignal;
  /** Who is told that the agent is ready, lives and stops; undefined where nobody asked. */
  readonly manager?: ServiceManager | undefined;
  /** Rings when the user asks for a look at the model's file. */
  readonly reload?: Signal;
}

/** Events kept while the broker is away: a day of a street with seven objects a minute, and no more than a week. */
const OUTBOX_LIMITS = { bytes: 20e6, ageMs: 7 * 24 * 3_600_000 };
const FIRST_REOPEN_MS = 1_000;
/** How many objects `sabrewing status` tells of. */
const EVENTS_SHOWN = 12;
/** What looking at one frame may take at the most: so many inferences that all miss their deadline, and the rest. */
const LOOK_DEADLINES = 10;
const LOOK_WITHIN_MS = 30_000;

/**
 * The daemon: watches every camera and publishes what happens, until the signal is aborted.
 * @throws ConfigError or ModelError for what only the user can change; anything else is a bug.
 */
export async function run(config: AgentConfig, surroundings: Surroundings): Promise<void> {
  const { clock, log, random, signal, stateDirectory } = surroundings;
  const cameras = config.cameras.filter((camera) => camera.enabled);
  await using outbox = await openOutbox(sqliteStore(stateDirectory), { clock, log, limits: OUTBOX_LIMITS });
  const oneFailed = new AbortController();
  const stop = AbortSignal.any([signal, oneFailed.signal]);

  const modulePath = () => chooseModule(config.model.path, config.model);
  const { path, why } = modulePath();
  if (why !== undefined) log.info({ module: path }, `the model is ${why}`);
  await using releases = config.model.public_key
    ? openReleaseMemory(join(stateDirectory, RELEASES_FILE), log)
    : undefined;
  await using detector = await openReplaceable(path, {
    ...detectorOptions(config, cameras, log),
    accept: async (model) => {
      requireKnownLabels(cameras, model);
      await releases?.requireNotOlder(model);
    },
    onAccepted: (model) => releases?.remember(model),
    onWithdrawn: (failed, goesOn) => releases?.goBack(failed, goesOn),
    onState: (state) => states.detectorBecame(state),
  });
  const prefix = config.mqtt.topic_prefix;
  await using switches = await openSwitches(join(stateDirectory, "switches.json"), cameras, { clock, log });
  const { publish, lastTold } = rememberTold((message) => broker.publish(message));
  const home = await openHome(
    { ...config, cameras, detector: detector.model.name, version: surroundings.version },
    { file: join(stateDirectory, "announced.json"), clock, log, publish, signal: stop },
  );
  const commands = obeyCommands({ prefix, cameras, switches, clock, log, publish, signal: stop });
  const listening = hearTogether([commands, home.listening]);
  await using broker = connectBroker(config.mqtt, { outbox, clock, log, random, listening });
  home.announce();
  const states = tellCameraStates(prefix, cameras, publish);

  const pulses = takePulses(clock);
  const { deadline_ms: deadlineMs } = config.detector;
  const events = rememberEvents(EVENTS_SHOWN);
  await using view = await openView(config.view, cameras, { ...surroundings, signal: stop, detector });
  const watching = {
    ...surroundings,
    signal: stop,
    detector,
    view,
    publish,
    states,
    events,
    prefix,
    switches,
    pulses,
    deadlineMs,
  };
  const watches = cameras.map((camera) => watch(camera, watching));

  const windowMs = config.mqtt.stats_interval * 1000;
  const meter = openMeter(watches, { clock, version: surroundings.version, detector, outbox, windowMs });
  const stats = tellStats(meter, { clock, signal: stop, publish, mqtt: config.mqtt });
  await using _metrics = config.metrics.enabled
    ? await openMetrics(config, meter, events, watches, { clock, log })
    : undefined;
  const sources = { mqtt: config.mqtt, cameras: watches, detector, events, lastTold };
  const report = () => takeReport({ ...sources, stats: meter.stats, isConnected: broker.isConnected });
  view?.tellHealth(report);
  await using _report = await serveReport(join(stateDirectory, REPORT_SOCKET), report, { clock, log });
  log.info(
    {
      cameras: cameras.map(({ name }) => name),
      model: detector.model.name,
      licence: detector.model.source.licence,
      runtime: detector.runtime,
    },
    "ready",
  );

  const status = () => statusLine(watches, outbox.size(), detector.stats().state);
  const told =
    surroundings.manager && keepTelling(surroundings.manager, { pulses, status, clock, log, signal: stop });
  const renewed = renewModel({
    detector,
    modulePath: () => modulePath().path,
    reload: surroundings.reload ?? createSignal(),
    clock,
    log,
    signal: stop,
  });
  const parts = [...watches.map(({ done }) => done), stats, told, renewed];
  try {
    await Promise.all(parts);
  } finally {
    oneFailed.abort();
    await Promise.allSettled(parts);
  }
}

/** Prometheus' library is loaded only where figures are served: it takes memory. */
async function openMetrics(
  { metrics }: AgentConfig,
  { stats }: Meter,
  { seen }: RecentEvents,
  watches: readonly Watch[],
  dependencies: ServeMetricsDependencies,
): Promise<AsyncDisposable> {
  const { prometheusMetrics } = await import("./health/metrics.ts");
  const isOnline = (name: string) =>
    watches.some(({ camera, isOnline }) => camera.name === name && isOnline());
  return serveMetrics(metrics, prometheusMetrics({ stats, seen, isOnline }), dependencies);
}

/** What serves the page is loaded only where it is served, as above. */
async function openView(
  config: ViewConfig,
  cameras: readonly CameraConfig[],
  dependencies: LiveViewDependencies,
): Promise<LiveView | undefined> {
  if (!config.enabled) return undefined;
  const { openLiveView } = await import("./view/live/open-live-view.ts");
  return openLiveView(config, cameras, dependencies);
}

interface WatchSurroundings extends Surroundings {
  readonly detector: Detector;
  /** Who is shown what is seen; undefined: nobody. */
  readonly view: LiveView | undefined;
  readonly publish: (message: Message) => void;
  readonly states: CameraStates;
  readonly events: RecentEvents;
  readonly prefix: string;
  readonly switches: Switches;
  readonly pulses: Pulses;
  /** Milliseconds one inference may take. */
  readonly deadlineMs: number;
}

/** One camera that is being watched. */
export interface Watch {
  readonly camera: CameraConfig;
  readonly counters: () => CameraCounters;
  readonly condition: () => CameraCondition;
  readonly isOnline: () => boolean;
  readonly done: Promise<void>;
}

/** Starts to watch one camera: from its stream to the broker. */
function watch(camera: CameraConfig, surroundings: WatchSurroundings): Watch {
  const { clock, log, random, signal, detector, publish, states, events, prefix } = surroundings;
  const { switches, pulses } = surroundings;
  const { name, detect, ffmpeg } = camera;
  const { width, height, fps } = detect;
  const [input] = ffmpeg.inputs;
  const size = width === undefined || height === undefined ? undefined : { width, height };
  const stream = { camera: name, address: input.path, size, fps };
  const reading = pulses.start(`camera ${name}: reading`);
  const readWithinMs = longestSilenceMs(fps) + ffmpeg.retry_interval * 1000;
  const check = refuseFrozenPicture({ camera: name, frozenAfterSeconds: ffmpeg.frozen_after, clock });
  const openStream = rememberSize((supposedSize) => {
    reading.expectWithin(readWithinMs);
    return readCamera(stream, { clock, signal, supposedSize });
  });
  const connection = rememberConnection(clock);
  const frames = keepReading(() => check(openStream()), {
    camera: name,
    clock,
    log,
    signal,
    random,
    backoff: { firstMs: FIRST_REOPEN_MS, longestMs: ffmpeg.retry_interval * 1000 },
    onStatus(status) {
      connection.become(status);
      states.cameraBecame(name, status);
    },
  });
  // The gate sees every frame. Behind it a slow detector skips frames, but not what moved in them.
  const read = whileReading(frames, reading, readWithinMs);
  const sightings = newestOnly(
    watchMotion(surroundings.view?.passing(read) ?? read, camera.motion),
    newerSighting,
  );
  const isDetecting = () => switches.isDetecting(name);
  const { directory, retain_days: retainDays } = camera.snapshots;
  const folder = directory && snapshotFolder({ camera: name, directory, retainDays, clock, log });
  let looked = 0;
  let regions = 0;

  async function publishOutcomes(): Promise<void> {
    publish(detectState(prefix, name, isDetecting()));
    const watched = withIdleTimeout(sightings, (detect.max_disappeared / fps) * 1000, clock);
    const looking = pulses.start(`camera ${name}: looking`);
    const lookWithinMs = LOOK_WITHIN_MS + LOOK_DEADLINES * surroundings.deadlineMs;
    const outcomes = watchCamera(whileWorking(watched, looking, lookWithinMs), camera, {
      detector,
      prefix,
      signal,
      newId: eventIds(random),
      startMs: clock.nowMs(),
      isDetecting,
      ...(folder ? { keepSnapshot: folder.keep } : {}),
      onFrame(answered) {
        if (answered > 0) looked++;
        regions += answered;
      },
    });
    for await (const outcome of outcomes) {
      outcome.messages.forEach(publish);
      outcome.events.forEach(events.note);
      await surroundings.view?.show(name, outcome);
    }
    states.cameraBecame(name, "offline");
  }

  return {
    camera,
    condition: () => ({
      isOnline: connection.isOnline(),
      isDetecting: isDetecting(),
      expectedFps: fps,
      reconnectsLastHour: connection.reconnectsLastHour(),
    }),
    isOnline: connection.isOnline,
    done: publishOutcomes(),
    counters() {
      const { delivered, dropped } = sightings.counts();
      return { seen: delivered + dropped, skipped: dropped, looked, regions };
    },
  };
}
