import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { Aedes } from "aedes";

/** Address and login of a broker. */
export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
  readonly user?: string;
  readonly password?: string;
}

/** An MQTT broker in this process, on a free loopback port. */
export interface EmbeddedBroker extends AsyncDisposable {
  readonly address: BrokerAddress;
}

/** Starts an MQTT broker on a free port of the loopback interface. */
export async function startEmbeddedBroker(): Promise<EmbeddedBroker> {
  const broker = await Aedes.createBroker();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    broker.handle(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error(`no port to listen on: ${address}`);
  return {
    address: { host: "127.0.0.1", port: address.port },
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
      await new Promise<void>((resolve) => broker.close(() => resolve()));
    },
  };
}

/**
 * Parses `mqtt://user:password@host:port`.
 * @throws Error when the URL is invalid
 */
export function parseBrokerUrl(text: string): BrokerAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.hostname === "") {
    throw new Error(`--broker: expected mqtt://[user:password@]host[:port], received "${text}"`);
  }
  if (url.protocol !== "mqtt:" && url.protocol !== "tcp:") {
    throw new Error(`--broker: expected a URL that starts with mqtt://, received "${url.protocol}//…"`);
  }
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? 1883 : Number(url.port),
    ...(url.username === "" ? {} : { user: decodeURIComponent(url.username) }),
    ...(url.password === "" ? {} : { password: decodeURIComponent(url.password) }),
  };
}
