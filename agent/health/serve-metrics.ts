import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { hostname } from "node:os";
import type { Clock } from "../base/clock.ts";
import { type ConnectionLimits, guardConnections } from "../base/guard-connections.ts";
import { listenOn } from "../base/listen.ts";
import type { Log } from "../base/log.ts";
import { logRefusals } from "../base/log-refusals.ts";
import { answersTo, remedyForHost } from "../base/named-host.ts";
import type { MetricsConfig } from "../config/schema.ts";

/** The served text and its media type. */
export interface ServedMetrics {
  read(): Promise<string>;
  readonly contentType: string;
}

/** An HTTP server for Prometheus. Disposing of it closes the server. */
export interface MetricsServer extends AsyncDisposable {
  /** `http://127.0.0.1:9464/metrics` */
  readonly url: string;
  readonly port: number;
}

export interface ServeMetricsDependencies {
  readonly clock: Clock;
  readonly log: Log;
}

const LIMITS: ConnectionLimits = {
  perAddress: 16,
  strangers: 64,
  burst: 12,
  signedIn: 0,
  requestWithinMs: 5_000,
};
/** Time for the client to receive the answer. */
const ANSWER_WITHIN_MS = 5_000;
/** Figures are cached this long: a flood of requests causes at most two readings a second. */
const FRESH_MS = 500;

/**
 * Serves `GET /metrics` and nothing else.
 * @throws ConfigError if the server cannot listen on the address or port.
 */
export async function serveMetrics(
  { host, port, allowed_hosts: allowedHosts }: Pick<MetricsConfig, "host" | "port" | "allowed_hosts">,
  metrics: ServedMetrics,
  { clock, log }: ServeMetricsDependencies,
): Promise<MetricsServer> {
  await using stack = new AsyncDisposableStack();
  const closing = new AbortController();
  stack.defer(() => closing.abort());
  const { signal } = closing;
  const onRefusal = logRefusals(log, { clock, signal });
  const isAddressed = answersTo([host, ...allowedHosts], hostname());
  const figures = { contentType: metrics.contentType, read: cached(metrics.read, clock) };
  const server = createServer();
  // Each connection is closed after one answer, so that no connection is idle.
  server.maxRequestsPerSocket = 1;
  const connections = guardConnections(server, LIMITS, {
    clock,
    signal,
    onCrowded: (address) =>
      onRefusal({ message: "the metrics server closed the oldest of too many connections", address }),
  });
  server.on("request", (request, response) => {
    connections.allowMs(request.socket, ANSWER_WITHIN_MS);
    response.setHeader("connection", "close");
    if (isAddressed(request)) return void answer(request, response, figures);
    const remedy = remedyForHost(request, "metrics.allowed_hosts");
    onRefusal({
      message: "the metrics server refused a request for a host name that is not its own",
      address: request.socket.remoteAddress ?? "unknown",
      remedy,
    });
    response.writeHead(421, PLAIN).end(`The metrics server does not answer to this host name. ${remedy}\n`);
  });
  const address = await listenOn(server, { section: "metrics", host, port });
  server.on("error", (error) => log.warn(`the metrics server: ${error.message}`));
  stack.defer(async () => {
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  });
  const url = `http://${address.family === "IPv6" ? `[${address.address}]` : address.address}:${address.port}/metrics`;
  log.info({ url }, "serving metrics");
  const parts = stack.move();
  return { url, port: address.port, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}

/** Reads figures again only if they are older than half a second. */
function cached(read: () => Promise<string>, clock: Clock): () => Promise<string> {
  let latest: { readonly text: Promise<string>; readonly sinceMs: number } | undefined;
  return () => {
    const nowMs = clock.monotonicMs();
    if (latest === undefined || nowMs - latest.sinceMs >= FRESH_MS) latest = { text: read(), sinceMs: nowMs };
    return latest.text;
  };
}

const PLAIN = { "content-type": "text/plain; charset=utf-8" } as const;

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  metrics: ServedMetrics,
): Promise<void> {
  const path = request.url?.split("?")[0];
  if (path !== "/metrics") {
    response.writeHead(404, PLAIN).end("The figures are at /metrics.\n");
    return;
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.writeHead(405, { allow: "GET, HEAD" }).end();
    return;
  }
  const text = await metrics.read();
  response.writeHead(200, { "content-type": metrics.contentType, "cache-control": "no-store" });
  response.end(request.method === "HEAD" ? undefined : text);
}
