import type { Detector } from "../../../detectors/detector.ts";
import type { Frame } from "../../camera/frame.ts";
import type { CameraConfig, ViewConfig } from "../../config/schema.ts";
import type { Report } from "../../health/report.ts";
import type { Outcome } from "../../watch-camera.ts";
import type { Greeting } from "../page/protocol.ts";
import { guardAccess } from "./access.ts";
import { setupOfCamera } from "./camera-setup.ts";
import { type CameraVideosDependencies, cameraVideos } from "./camera-videos.ts";
import { openFeed } from "./feed.ts";
import { healthIn } from "./health.ts";
import { pageFiles } from "./page-files.ts";
import { serveView } from "./server.ts";

/** The page that shows the cameras live. Leaving its scope closes it. */
export interface LiveView extends AsyncDisposable {
  readonly port: number;
  /** Shows what a camera's frame led to; resolves once its pixels are not needed any more. */
  show(camera: string, outcome: Outcome): Promise<void>;
  /** Passes a camera's frames on, and shows one to whoever waits for it. */
  passing(frames: AsyncIterable<Frame>): AsyncIterable<Frame>;
  /** Begins to tell how the agent is. */
  tellHealth(report: () => Report): void;
}

export interface LiveViewDependencies extends CameraVideosDependencies {
  readonly detector: Pick<Detector, "model" | "runtime">;
  readonly version: string;
}

const HEALTH_EVERY_MS = 2_000;

/**
 * Opens the live view; the token opens it to a browser.
 * @throws ConfigError when it cannot listen.
 */
export async function openLiveView(
  { host, port, allowed_hosts, token = "" }: Pick<ViewConfig, "host" | "port" | "allowed_hosts" | "token">,
  cameras: readonly CameraConfig[],
  dependencies: LiveViewDependencies,
): Promise<LiveView> {
  const { detector, version, clock, log } = dependencies;
  const greeting = (): Greeting => ({
    type: "greeting",
    version,
    model: detector.model.name,
    licence: detector.model.source.licence,
    precision: detector.model.precision,
    runtime: detector.runtime,
    cameras: cameras.map(setupOfCamera),
  });
  const feed = openFeed({ greeting, monotonicMs: clock.monotonicMs });
  const closing = new AbortController();
  const signal = AbortSignal.any([dependencies.signal, closing.signal]);
  const server = await serveView(
    { host, port, allowed_hosts },
    {
      access: guardAccess(token, clock),
      feed,
      videos: cameraVideos(cameras, { ...dependencies, signal }),
      page: pageFiles(),
      cameras: cameras.map(({ name }) => name),
      clock,
      log,
    },
  );
  log.info({ host, port: server.port }, "the live view is open to browsers that show its token");
  if (!isLoopback(host)) {
    log.warn(
      { remedy: "Let view.host be 127.0.0.1, and reach it by an SSH tunnel or a reverse proxy with TLS." },
      "the live view listens beyond this machine, and nothing encrypts its pictures on the way",
    );
  }

  return {
    port: server.port,
    show: feed.show,
    passing: feed.passing,
    tellHealth(report) {
      feed.tell(healthIn(report()));
      const telling = setInterval(() => feed.tell(healthIn(report())), HEALTH_EVERY_MS);
      signal.addEventListener("abort", () => clearInterval(telling), { once: true });
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      await server[Symbol.asyncDispose]();
    },
  };
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}
