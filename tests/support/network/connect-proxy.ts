import { createServer } from "node:http";
import { connect } from "node:net";
import { listenOnLoopback } from "./listen-on-loopback.ts";

/** An HTTP proxy on a free port of this machine. */
export interface ConnectProxy extends AsyncDisposable {
  readonly url: string;
  /** `host:port` of each requested tunnel. */
  readonly tunnels: readonly string[];
}

/**
 * Starts a proxy that opens every tunnel (RFC 9110, section 9.3.6) to the same port of this machine, or refuses all with a
 * status.
 */
export async function startConnectProxy(
  towards: { port: number } | { refuse: number },
): Promise<ConnectProxy> {
  const tunnels: string[] = [];
  const server = createServer((_request, response) => response.writeHead(405).end());
  server.on("connect", (request, socket) => {
    tunnels.push(request.url ?? "");
    if ("refuse" in towards) {
      socket.end(`HTTP/1.1 ${towards.refuse} Refused\r\n\r\n`);
      return;
    }
    const onward = connect(towards.port, "127.0.0.1", () => socket.write("HTTP/1.1 200 OK\r\n\r\n"));
    onward.pipe(socket).pipe(onward);
    for (const end of [onward, socket]) end.on("error", () => [onward, socket].map((each) => each.destroy()));
  });
  const port = await listenOnLoopback(server);
  return {
    url: `http://127.0.0.1:${port}`,
    tunnels,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
