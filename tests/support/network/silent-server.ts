import { createServer, type Socket } from "node:net";
import { listenOnLoopback } from "./listen-on-loopback.ts";

/** A server that accepts connections and never answers. */
export interface SilentServer extends AsyncDisposable {
  readonly port: number;
  /** Connections so far. */
  connections(): number;
}

/** @param path of a Unix socket; default: a free port of the loopback */
export async function startSilentServer(path?: string): Promise<SilentServer> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    sockets.add(socket);
    socket.on("error", () => {}).once("close", () => sockets.delete(socket));
    socket.resume();
  });
  const port = path === undefined ? await listenOnLoopback(server) : 0;
  if (path !== undefined) await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    port,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
