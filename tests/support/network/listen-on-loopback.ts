import { once } from "node:events";
import type { Server } from "node:net";

/** Makes a server listen on loopback, by default on a free port. @returns the port */
export async function listenOnLoopback(server: Server, port = 0): Promise<number> {
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error(`no port to listen on: ${address}`);
  return address.port;
}
