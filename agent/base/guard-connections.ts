import type { Server } from "node:http";
import type { Socket } from "node:net";
import { addressGroup } from "./address-group.ts";
import type { Clock } from "./clock.ts";
import { firstRequestOnly } from "./first-request-only.ts";

export interface ConnectionLimits {
  /** Connections that have not signed in and are older than a second, from one address (IPv6: one /64 network). */
  readonly perAddress: number;
  /** The same, from all addresses. */
  readonly strangers: number;
  /**
   * The factor by which the number of connections may exceed these limits if younger ones are counted, too. An attacker needs
   * that many connections within one round trip to push out a connection that is about to sign in.
   */
  readonly burst: number;
  /** Connections that have signed in. Strangers do not count towards this limit. */
  readonly signedIn: number;
  /** Time for a connection that has not signed in to send its request. */
  readonly requestWithinMs: number;
}

export interface GuardDependencies {
  readonly clock: Clock;
  /** Called with the address of each connection that was closed to make room for a newer one. */
  readonly onCrowded: (address: string) => void;
  /** Aborted: time limits are no longer enforced. */
  readonly signal: AbortSignal;
}

export interface GuardedConnections {
  /**
   * Counts a connection as signed in from now on: neither limits nor the time limit of strangers apply to it.
   * @returns false if the limit of signed-in connections is reached
   */
  signIn(socket: Socket): boolean;
  isSignedIn(socket: Socket): boolean;
  /** Extends the time limit of a connection that has not signed in to `ms` from now, so that it can be answered. */
  allowMs(socket: Socket, ms: number): void;
}

interface Stranger {
  readonly address: string;
  readonly group: string;
  readonly sinceMs: number;
  closeAtMs: number;
}

const SWEEP_EVERY_MS = 500;
/** A browser sends its request within this time. */
const YOUNG_MS = 1_000;

/**
 * Limits the connections to a server so that strangers cannot keep others out. Beyond a limit the oldest connection of
 * strangers is closed and the new one is accepted. If new connections were refused, old ones could keep out everyone else,
 * including users who sign in from the same address (through a tunnel, all connections come from 127.0.0.1).
 * A stranger that sends more than one request is disconnected.
 */
export function guardConnections(
  server: Server,
  limits: ConnectionLimits,
  { clock, onCrowded, signal }: GuardDependencies,
): GuardedConnections {
  // Maps and sets iterate in the order of insertion: the first entry is the oldest.
  const strangers = new Map<Socket, Stranger>();
  const groups = new Map<string, Set<Socket>>();
  const signedIn = new Set<Socket>();
  firstRequestOnly(server, (socket) => signedIn.has(socket));

  function forget(socket: Socket): void {
    const stranger = strangers.get(socket);
    if (stranger === undefined) return;
    strangers.delete(socket);
    const group = groups.get(stranger.group);
    group?.delete(socket);
    if (group?.size === 0) groups.delete(stranger.group);
  }

  /** Closes the oldest of these. */
  function closeOldest(sockets: Iterable<Socket>): void {
    const [oldest] = sockets;
    if (oldest === undefined) return;
    onCrowded(strangers.get(oldest)?.address ?? "unknown");
    forget(oldest);
    oldest.destroy();
  }

  const largestGroup = (): ReadonlySet<Socket> =>
    [...groups.values()].reduce((largest, group) => (group.size > largest.size ? group : largest));

  server.on("connection", (socket: Socket) => {
    const address = socket.remoteAddress ?? "unknown";
    const group = addressGroup(address);
    const nowMs = clock.monotonicMs();
    const fromHere = groups.get(group) ?? new Set();
    groups.set(group, fromHere.add(socket));
    strangers.set(socket, { address, group, sinceMs: nowMs, closeAtMs: nowMs + limits.requestWithinMs });
    socket.once("close", () => {
      forget(socket);
      signedIn.delete(socket);
    });
    if (fromHere.size > limits.burst * limits.perAddress) closeOldest(fromHere);
    else if (strangers.size > limits.burst * limits.strangers) closeOldest(largestGroup());
  });

  function isOld([oldest]: Iterable<Socket>): boolean {
    const sinceMs = oldest && strangers.get(oldest)?.sinceMs;
    return sinceMs !== undefined && sinceMs + YOUNG_MS <= clock.monotonicMs();
  }

  function sweep(): void {
    for (const [socket, { closeAtMs }] of strangers) {
      if (closeAtMs > clock.monotonicMs()) continue;
      forget(socket);
      socket.destroy();
    }
    for (const group of groups.values()) {
      while (group.size > limits.perAddress && isOld(group)) closeOldest(group);
    }
    while (strangers.size > limits.strangers && isOld(largestGroup())) closeOldest(largestGroup());
  }

  async function keepSweeping(): Promise<void> {
    while (!signal.aborted) {
      await clock.sleep(SWEEP_EVERY_MS, signal);
      sweep();
    }
  }
  void keepSweeping();

  return {
    signIn(socket) {
      // A closed connection would count as signed in for ever.
      if (signedIn.has(socket) || socket.destroyed) return true;
      if (signedIn.size >= limits.signedIn) return false;
      forget(socket);
      signedIn.add(socket);
      return true;
    },
    isSignedIn: (socket) => signedIn.has(socket),
    allowMs(socket, ms) {
      const stranger = strangers.get(socket);
      if (stranger !== undefined) stranger.closeAtMs = clock.monotonicMs() + ms;
    },
  };
}
