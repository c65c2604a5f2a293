import { createServer, type IncomingMessage, STATUS_CODES } from "node:http";
import { hostname } from "node:os";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import type { Clock } from "../../base/clock.ts";
import { type ConnectionLimits, guardConnections } from "../../base/guard-connections.ts";
import { listenOn } from "../../base/listen.ts";
import { logRefusals } from "../../base/log-refusals.ts";
import { answersTo } from "../../base/named-host.ts";
import type { ViewConfig } from "../../config/schema.ts";
import { type Answers, answerRequest } from "./answer-request.ts";
import { isOwnOrigin } from "./own-page.ts";
import { foreign, misdirected, notFound, type RefusedRequest, tooManySignedIn, unknown } from "./refusals.ts";
import type { SharedVideo } from "./shared-video.ts";

export interface ViewServerDependencies
  extends Pick<
    Answers,
    | "access"
    | "feed"
    | "history"
    | "page"
    | "cameras"
    | "lastFrames"
    | "insight"
    | "applyShapes"
    | "log"
    | "clock"
  > {
  readonly videos: ReadonlyMap<string, SharedVideo>;
}

/** The server of the page. Leaving the scope closes all connections. */
export interface ViewServer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
}

/** A browser opens six connections, one WebSocket for messages, and one for each camera that it shows. */
const LIMITS: ConnectionLimits = {
  perAddress: 64,
  strangers: 128,
  burst: 12,
  signedIn: 200,
  requestWithinMs: 5_000,
};
/** For signed-in connections; strangers have less time. */
const TIMEOUTS = { headersTimeout: 10_000, requestTimeout: 10_000, connectionsCheckingInterval: 5_000 };
/** The page sends only control frames. */
const MAX_PAYLOAD_BYTES = 1024;
const PING_EVERY_MS = 20_000;
/**
 * Four seconds of video. A viewer that is further behind loses messages until it has caught up. With many viewers each may be
 * less far behind, so that viewers that do not read cannot fill the memory.
 */
const MOST_BEHIND_BYTES = 1_000_000;
const MOST_BEHIND_ALL_BYTES = 20_000_000;

/**
 * Serves the page and its WebSockets: `live` (LiveMessage, JSON) and `cameras/<name>/video` (MPEG-TS).
 * @throws ConfigError if it cannot listen.
 */
export async function serveView(
  { host, port, allowed_hosts: allowedHosts }: Pick<ViewConfig, "host" | "port" | "allowed_hosts">,
  dependencies: ViewServerDependencies,
): Promise<ViewServer> {
  const { access, feed, videos, clock, log } = dependencies;
  await using stack = new AsyncDisposableStack();
  const closing = new AbortController();
  stack.defer(() => closing.abort());
  const { signal } = closing;
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_PAYLOAD_BYTES,
    perMessageDeflate: false,
  });
  const server = createServer(TIMEOUTS);
  const onRefusal = logRefusals(log, { clock, signal });
  const connections = guardConnections(server, LIMITS, {
    clock,
    signal,
    onCrowded: (address) =>
      onRefusal({
        message: "the live view closed the oldest of too many connections that have not signed in",
        address,
      }),
  });
  const isAddressed = answersTo([host, ...allowedHosts], hostname());
  const answers: Answers = { ...dependencies, isAddressed, connections, onRefusal, signal };
  server.on("request", (request, response) => void answerRequest(request, response, answers));

  /** A viewer that cannot keep up loses data and continues at the next key frame. */
  function send(socket: WebSocket, data: string | Uint8Array): void {
    const mostBehind = Math.min(MOST_BEHIND_BYTES, MOST_BEHIND_ALL_BYTES / sockets.clients.size);
    if (socket.readyState === socket.OPEN && socket.bufferedAmount < mostBehind) socket.send(data);
  }

  function sourceAt(path: string): ((socket: WebSocket) => () => void) | undefined {
    if (path === "/live") {
      return (socket) => feed.subscribe((message) => send(socket, JSON.stringify(message)));
    }
    const [, camera] = /^\/cameras\/([^/]+)\/video$/.exec(path) ?? [];
    const video = camera === undefined ? undefined : videos.get(camera);
    return video && ((socket) => video.watch((part) => send(socket, part)));
  }

  function serve(socket: WebSocket, open: (socket: WebSocket) => () => void): void {
    const closed = new AbortController();
    const end = open(socket);
    socket.on("error", () => socket.terminate());
    socket.on("close", () => {
      closed.abort();
      end();
    });
    void dropWhenDead(socket, clock, AbortSignal.any([signal, closed.signal]));
  }

  server.on("upgrade", (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    stream.on("error", () => stream.destroy());
    const refuse = (refused: RefusedRequest) => {
      onRefusal(refused.refusal);
      answerAndDestroy(stream, refused);
    };
    const open = sourceAt(request.url ?? "/");
    if (!isAddressed(request)) return refuse(misdirected(request));
    if (!isOwnOrigin(request.headers)) return refuse(foreign(request));
    if (!access.hasValidCookie(request.headers)) return refuse(unknown(request));
    if (open === undefined) return refuse(notFound(request));
    if (!connections.signIn(request.socket)) return refuse(tooManySignedIn(request));
    sockets.handleUpgrade(request, stream, head, (socket) => serve(socket, open));
  });

  stack.defer(() => {
    for (const socket of sockets.clients) socket.close(1001);
    server.close();
    server.closeAllConnections();
    for (const socket of sockets.clients) socket.terminate();
  });
  const bound = await listenOn(server, { section: "view", host, port });
  const parts = stack.move();
  return { host, port: bound.port, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}

/** Closes the connection of a viewer that does not answer pings: a phone that lost its network does not close it. */
async function dropWhenDead(socket: WebSocket, clock: Clock, signal: AbortSignal): Promise<void> {
  let answered = true;
  socket.on("pong", () => {
    answered = true;
  });
  while (true) {
    await clock.sleep(PING_EVERY_MS, signal);
    if (signal.aborted) return;
    if (!answered) return socket.terminate();
    answered = false;
    socket.ping();
  }
}

/** Node does not close a connection after an upgrade request. Unless we destroy it, the peer can keep it open. */
function answerAndDestroy(stream: Duplex, { status, text }: RefusedRequest): void {
  const body = `${text}\n`;
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    "Connection: close",
    "Content-Type: text/plain; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  stream.end(`${lines.join("\r\n")}\r\n\r\n${body}`, () => stream.destroy());
}
