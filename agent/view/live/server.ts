import { createServer, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { listenOn } from "../../base/listen.ts";
import { isOwnPage } from "./access.ts";
import { type Answers, answerRequest } from "./answer-request.ts";
import type { SharedVideo } from "./shared-video.ts";

export interface ViewServerDependencies extends Answers {
  readonly videos: ReadonlyMap<string, SharedVideo>;
}

/** Where the page is served. Leaving its scope ends all connections. */
export interface ViewServer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
}

const MOST_CONNECTIONS = 100;
/** The page says nothing; a few bytes of control frames are all there is to receive. */
const MAX_PAYLOAD_BYTES = 1024;
const PING_EVERY_MS = 20_000;
/** Four seconds of video: who is further behind than that has a connection that cannot carry it, and is left out. */
const MOST_BEHIND_BYTES = 1_000_000;

/**
 * Serves the page and its sockets: `live` (LiveMessage, JSON) and `cameras/<name>/video` (MPEG-TS).
 * @throws ConfigError when it cannot listen there.
 */
export async function serveView(
  { host, port }: { readonly host: string; readonly port: number },
  dependencies: ViewServerDependencies,
): Promise<ViewServer> {
  const { access, feed, videos } = dependencies;
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_PAYLOAD_BYTES,
    perMessageDeflate: false,
  });
  const server = createServer((request, response) => void answerRequest(request, response, dependencies));
  server.maxConnections = MOST_CONNECTIONS;

  function start(path: string): ((socket: WebSocket) => () => void) | undefined {
    if (path === "/live") {
      return (socket) => feed.follow((message) => send(socket, JSON.stringify(message)));
    }
    const [, camera] = /^\/cameras\/([^/]+)\/video$/.exec(path) ?? [];
    const video = camera === undefined ? undefined : videos.get(camera);
    return video && ((socket) => video.watch((part) => send(socket, part)));
  }

  server.on("upgrade", (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    stream.on("error", () => stream.destroy());
    const open = start(request.url ?? "/");
    if (!isOwnPage(request.headers)) return refuse(stream, "403 Forbidden");
    if (!access.knows(request.headers)) return refuse(stream, "401 Unauthorized");
    if (open === undefined) return refuse(stream, "404 Not Found");
    sockets.handleUpgrade(request, stream, head, (socket) => {
      const end = open(socket);
      socket.on("error", () => socket.terminate());
      const stopAsking = dropWhenDead(socket);
      socket.on("close", () => {
        stopAsking();
        end();
      });
    });
  });

  const bound = await listenOn(server, { section: "view", host, port });
  return {
    host,
    port: bound.port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets.clients) socket.close(1001);
      server.close();
      server.closeAllConnections();
      for (const socket of sockets.clients) socket.terminate();
    },
  };
}

/** A viewer that cannot keep up loses what it has no room for, and picks up the thread at the next whole picture. */
function send(socket: WebSocket, data: string | Uint8Array): void {
  if (socket.readyState === socket.OPEN && socket.bufferedAmount < MOST_BEHIND_BYTES) socket.send(data);
}

/** A phone that left the house says no good-bye: its socket would keep a video playing for nobody. */
function dropWhenDead(socket: WebSocket): () => void {
  let answered = true;
  socket.on("pong", () => {
    answered = true;
  });
  const asking = setInterval(() => {
    if (!answered) return socket.terminate();
    answered = false;
    socket.ping();
  }, PING_EVERY_MS);
  return () => clearInterval(asking);
}

function refuse(stream: Duplex, status: string): void {
  stream.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
