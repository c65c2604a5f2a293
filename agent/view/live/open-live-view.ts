import type { Detector } from "../../../detectors/detector.ts";
import type { TimedUnit } from "../../camera/decode-plan.ts";
import type { Frame } from "../../camera/frame.ts";
import type { CameraConfig, ViewConfig } from "../../config/schema.ts";
import type { Report } from "../../health/report.ts";
import type { Outcome } from "../../outcome.ts";
import { openHistory } from "../history/open-history.ts";
import { type InsightSources, openInsight } from "../insight/open-insight.ts";
import type { Greeting } from "../page/protocol.ts";
import { guardAccess } from "./access.ts";
import type { ApplyShapes } from "./apply-shapes.ts";
import { setupOfCamera } from "./camera-setup.ts";
import { type CameraVideosDependencies, cameraVideos } from "./camera-videos.ts";
import { openFeed } from "./feed.ts";
import { healthOf } from "./messages.ts";
import { pageFiles } from "./page-files.ts";
import { serveView } from "./server.ts";

/** The page that shows the cameras live. Leaving the scope closes it. */
export interface LiveView extends AsyncDisposable {
  readonly port: number;
  /** Shows the outcome of a frame. Resolves when its pixels are no longer needed. */
  show(camera: string, outcome: Outcome): Promise<void>;
  /** Takes an access unit of a camera for its live video. */
  receive(camera: string, unit: TimedUnit): void;
  /** Passes a camera's frames through and encodes one if a viewer waits for it. */
  tap(frames: AsyncIterable<Frame>): AsyncIterable<Frame>;
  /** Shows the settings of the cameras again, after a change. */
  refresh(): void;
  /** Starts to send the agent's health regularly. */
  reportHealth(report: () => Report): void;
}

export interface LiveViewDependencies extends CameraVideosDependencies, InsightSources {
  /** Writes the zones and masks of a camera to the configuration file, and puts them into force. */
  readonly applyShapes: ApplyShapes;
  readonly detector: Pick<Detector, "model" | "runtime">;
  readonly version: string;
  /** Folder for data that survives restarts. */
  readonly stateDirectory: string;
}

type LiveViewConfig = Pick<ViewConfig, "host" | "port" | "allowed_hosts" | "allow_config_changes" | "token">;

const HEALTH_EVERY_MS = 2_000;

/**
 * Opens the live view to browsers that know the token.
 * @throws ConfigError if it cannot listen.
 */
export async function openLiveView(
  { host, port, allowed_hosts, allow_config_changes: mayChange, token = "" }: LiveViewConfig,
  cameras: readonly CameraConfig[],
  dependencies: LiveViewDependencies,
): Promise<LiveView> {
  const { detector, version, clock, log, config, settings, stateDirectory } = dependencies;
  const greeting = (): Greeting => ({
    type: "greeting",
    version,
    model: detector.model.name,
    licence: detector.model.licence,
    precision: detector.model.precision,
    runtime: detector.runtime,
    canApply: mayChange,
    cameras: settings().map(setupOfCamera),
  });
  const insight = openInsight(dependencies);
  const feed = openFeed({ greeting, monotonicMs: clock.monotonicMs });
  await using stack = new AsyncDisposableStack();
  const history = stack.use(
    await openHistory({
      stateDirectory,
      cameras: settings,
      retainDays: config.events.retain_days,
      maxMb: config.events.max_mb,
      clock,
      log,
    }),
  );
  const closing = new AbortController();
  const signal = AbortSignal.any([dependencies.signal, closing.signal]);
  const { videos, lastFrames, receive } = cameraVideos(cameras, { ...dependencies, signal });
  const server = stack.use(
    await serveView(
      { host, port, allowed_hosts },
      {
        access: guardAccess(token, clock),
        feed,
        history,
        videos,
        lastFrames,
        insight,
        applyShapes: mayChange ? dependencies.applyShapes : undefined,
        page: pageFiles(),
        cameras: cameras.map(({ name }) => name),
        clock,
        log,
      },
    ),
  );
  stack.defer(() => closing.abort());
  log.info({ host, port: server.port }, "the live view is open to browsers that know its token");
  if (!isLoopback(host)) {
    log.warn(
      { remedy: "Set view.host to 127.0.0.1 and use an SSH tunnel or a reverse proxy with TLS." },
      "the live view is reachable from other machines, and its connections are not encrypted",
    );
  }

  const parts = stack.move();
  return {
    port: server.port,
    show(camera, outcome) {
      history.record(camera, outcome);
      insight.record(camera, outcome);
      return feed.show(camera, outcome);
    },
    receive,
    tap: feed.tap,
    refresh: feed.refresh,
    reportHealth(report) {
      feed.publish(healthOf(report()));
      const timer = setInterval(() => feed.publish(healthOf(report())), HEALTH_EVERY_MS);
      signal.addEventListener("abort", () => clearInterval(timer), { once: true });
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}
