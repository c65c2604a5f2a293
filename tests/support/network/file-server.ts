import { createServer, type RequestListener } from "node:http";
import { listenOnLoopback } from "./listen-on-loopback.ts";

/** An HTTP server on a free port of this machine. */
export interface FileServer extends AsyncDisposable {
  /** `http://127.0.0.1:40123` */
  readonly url: string;
}

/** Starts a server that answers every request with `answer`. */
export async function startFileServer(answer: RequestListener): Promise<FileServer> {
  const server = createServer(answer);
  const port = await listenOnLoopback(server);
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
