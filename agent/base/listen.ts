import { once } from "node:events";
import type { AddressInfo, Server } from "node:net";
import { ConfigError } from "./errors.ts";

/** Where something is served, by the section of the configuration that says so. */
export interface ListenAddress {
  readonly section: "metrics" | "view";
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
}

/**
 * Makes a server listen.
 * @returns the address it listens on.
 * @throws ConfigError, with the remedy, when address or port cannot be had.
 */
export async function listenOn(server: Server, { section, host, port }: ListenAddress): Promise<AddressInfo> {
  const listening = once(server, "listening");
  server.listen({ host, port });
  try {
    await listening;
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
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
      return `Another program listens there (ss -ltnp tells which): set ${section}.port to a port that is free.`;
    case "EACCES":
      return `Ports below 1024 are for root: set ${section}.port to 1024 or more.`;
    case "EPERM":
      return allowPort(port);
    default:
      return `Set ${section}.host to an address of this machine: 127.0.0.1 for itself only, 0.0.0.0 for all it has.`;
  }
}

/** How the systemd unit, which lets no port be opened by itself, is made to allow one. */
export function allowPort(port: number): string {
  return `Allow it in the systemd unit: systemctl edit sabrewing, there [Service] and SocketBindAllow=tcp:${port}, then systemctl restart sabrewing.`;
}
