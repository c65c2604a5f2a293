import { once } from "node:events";
import type { AddressInfo, Server } from "node:net";
import { shortReason } from "./error-code.ts";
import { ConfigError } from "./errors.ts";

/** The address of a server, and the section of the configuration that sets it. */
export interface ListenAddress {
  readonly section: "metrics" | "view";
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

/**
 * Makes a server listen.
 * @returns the address it listens on.
 * @throws ConfigError, with the remedy, if the server cannot listen on the address or port.
 */
export async function listenOn(server: Server, { section, host, port }: ListenAddress): Promise<AddressInfo> {
  const listening = once(server, "listening");
  server.listen({ host, port });
  try {
    await listening;
  } catch (cause) {
    const code = shortReason(cause);
    throw new ConfigError(
      `${section} cannot be served on ${host}:${port} (${code})`,
      remedyFor(code, { section, port }),
      { cause },
    );
  }
  // A TCP server's address is never the path of a pipe.
  return Object(server.address());
}

function remedyFor(code: string, { section, port }: Omit<ListenAddress, "host">): string {
  switch (code) {
    case "EADDRINUSE":
      return `Another program listens there (ss -ltnp shows which): set ${section}.port to a free port.`;
    case "EACCES":
      return `Ports below 1024 are reserved for root: set ${section}.port to 1024 or more.`;
    case "EPERM":
      return allowPort(port);
    default:
      return `Set ${section}.host to an address of this machine: 127.0.0.1 for local access only, 0.0.0.0 for all addresses.`;
  }
}

/** The remedy for a port that the systemd unit does not allow; by default it allows none. */
export function allowPort(port: number): string {
  return `Allow it in the systemd unit: run systemctl edit sabrewing, add [Service] and SocketBindAllow=tcp:${port}, then run systemctl restart sabrewing.`;
}
