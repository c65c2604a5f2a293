import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { listenOn } from "../base/listen.ts";
import type { Log } from "../base/log.ts";
import type { MetricsConfig } from "../config/schema.ts";

/** What is served: text, and what kind of text it is. */
export interface ServedMetrics {
  read(): Promise<string>;
  readonly contentType: string;
}

/** An HTTP server for Prometheus; disposing of it closes it. */
export interface MetricsServer extends AsyncDisposable {
  /** `http://127.0.0.1:9464/metrics` */
  readonly url: string;
}

const REQUEST_WITHIN_MS = 5_000;

/**
 * Serves `GET /metrics` and nothing else.
 * @throws ConfigError when the address or port cannot be had.
 */
export async function serveMetrics(
  { host, port }: Pick<MetricsConfig, "host" | "port">,
  metrics: ServedMetrics,
  log: Log,
): Promise<MetricsServer> {
  const server = createServer((request, response) => void answer(request, response, metrics));
  server.requestTimeout = REQUEST_WITHIN_MS;
  server.maxConnections = 16;
  const address = await listenOn(server, { section: "metrics", host, port });
  server.on("error", (error) => log.warn(`the metrics server: ${error.message}`));
  const url = `http://${address.family === "IPv6" ? `[${address.address}]` : address.address}:${address.port}/metrics`;
  log.info({ url }, "serving metrics");
  return {
    url,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  metrics: ServedMetrics,
): Promise<void> {
  const path = request.url?.split("?")[0];
  if (path !== "/metrics") {
    response.writeHead(404, { "content-type": "text/plain" }).end("The figures are at /metrics.\n");
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
