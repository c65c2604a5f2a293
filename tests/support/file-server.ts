import { createServer, type RequestListener } from "node:http";

/** An HTTP server on a free port of this machine; it ends with its block. */
export interface FileServer extends AsyncDisposable {
  /** `http://127.0.0.1:40123` */
  readonly url: string;
}

/** Starts a server that answers every request by `answer`. */
export async function startFileServer(answer: RequestListener): Promise<FileServer> {
  const server = createServer(answer);
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("expected a port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
