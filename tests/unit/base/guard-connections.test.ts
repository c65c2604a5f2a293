import { once } from "node:events";
import { createServer } from "node:http";
import { createConnection, type Socket } from "node:net";
import { expect, test } from "vitest";
import { type GuardedConnections, guardConnections } from "../../../agent/base/guard-connections.ts";
import { listenOnLoopback } from "../../support/network/listen-on-loopback.ts";
import { type ManualClock, manualClock } from "../../support/time/manual-clock.ts";

const LIMITS = { perAddress: 3, strangers: 5, burst: 2, signedIn: 2, requestWithinMs: 5_000 };

interface Guarded extends AsyncDisposable {
  readonly clock: ManualClock;
  readonly connections: GuardedConnections;
  readonly crowded: readonly string[];
  /** Opens a connection from one of the loopback addresses. */
  connect(from?: string): Promise<Peer>;
}

interface Peer {
  readonly isOpen: () => boolean;
  /** The server's socket. */
  readonly served: Socket;
}

async function startGuarded(): Promise<Guarded> {
  const clock = manualClock();
  const closing = new AbortController();
  const crowded: string[] = [];
  const server = createServer();
  const connections = guardConnections(server, LIMITS, {
    clock,
    signal: closing.signal,
    onCrowded: (address) => crowded.push(address),
  });
  const port = await listenOnLoopback(server);
  const ends: Socket[] = [];
  return {
    clock,
    connections,
    crowded,
    async connect(localAddress = "127.0.0.1") {
      const accepted = once(server, "connection");
      const socket = createConnection({ port, host: "127.0.0.1", localAddress });
      socket.on("error", () => {});
      let isOpen = true;
      socket.resume().on("close", () => {
        isOpen = false;
      });
      const [served] = await accepted;
      ends.push(socket, served);
      return { isOpen: () => isOpen, served };
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      server.close();
      for (const socket of ends) socket.destroy();
    },
  };
}

const openOnes = (peers: readonly Peer[]) => peers.map(({ isOpen }) => isOpen());

test("closes the oldest connections of an address beyond its limit after a second", async () => {
  await using guarded = await startGuarded();
  const other = await guarded.connect("127.0.0.9");
  const peers: Peer[] = [];
  for (let count = 0; count < 5; count++) peers.push(await guarded.connect());
  await guarded.clock.pass(500);
  expect(openOnes(peers)).toEqual([true, true, true, true, true]);
  await guarded.clock.pass(500);
  await expect.poll(() => openOnes(peers)).toEqual([false, false, true, true, true]);
  expect(other.isOpen()).toBe(true);
  expect(guarded.crowded).toEqual(["127.0.0.1", "127.0.0.1"]);
});

test("closes the oldest connections of the address with the most beyond the limit for all addresses", async () => {
  await using guarded = await startGuarded();
  const single = await guarded.connect("127.0.0.8");
  const crowd = [await guarded.connect(), await guarded.connect(), await guarded.connect()];
  const others = [await guarded.connect("127.0.0.9"), await guarded.connect("127.0.0.10")];
  await guarded.clock.pass(1_000);
  await expect.poll(() => openOnes(crowd)).toEqual([false, true, true]);
  expect(openOnes([single, ...others])).toEqual([true, true, true]);
});

test("closes the oldest connections of a burst at once, and serves the newest", async () => {
  await using guarded = await startGuarded();
  const other = await guarded.connect("127.0.0.9");
  const peers: Peer[] = [];
  for (let count = 0; count < 8; count++) peers.push(await guarded.connect());
  await expect.poll(() => openOnes(peers).filter((isOpen) => isOpen)).toHaveLength(6);
  expect(openOnes([...peers.slice(2), other])).toEqual([true, true, true, true, true, true, true]);
  const others = [];
  for (let host = 10; host < 15; host++) others.push(await guarded.connect(`127.0.0.${host}`));
  await expect.poll(() => openOnes(peers).filter((isOpen) => isOpen)).toHaveLength(4);
  expect(others.map(({ isOpen }) => isOpen())).toEqual([true, true, true, true, true]);
});

test("closes a connection without a request after the time limit, and one with a request after the extended limit", async () => {
  await using guarded = await startGuarded();
  const silent = await guarded.connect();
  const asking = await guarded.connect();
  await guarded.clock.pass(4_000);
  guarded.connections.allowMs(asking.served, 8_000);
  await guarded.clock.pass(1_000);
  await expect.poll(() => openOnes([silent, asking])).toEqual([false, true]);
  await guarded.clock.pass(7_000);
  await expect.poll(asking.isOpen).toBe(false);
});

test("does not close a signed-in connection because of strangers or its age", async () => {
  await using guarded = await startGuarded();
  const owner = await guarded.connect();
  expect(guarded.connections.signIn(owner.served)).toBe(true);
  for (let count = 0; count < 20; count++) await guarded.connect();
  guarded.connections.allowMs(owner.served, 1);
  await guarded.clock.pass(60_000);
  expect(owner.isOpen()).toBe(true);
});

test("counts strangers separately, and frees the place of a signed-in connection that ends", async () => {
  await using guarded = await startGuarded();
  const { signIn, isSignedIn } = guarded.connections;
  // A connection that was closed before it could sign in does not count.
  const gone = await guarded.connect();
  gone.served.destroy();
  await once(gone.served, "close");
  signIn(gone.served);
  for (let count = 0; count < 10; count++) await guarded.connect(`127.0.0.${count + 2}`);
  const first = await guarded.connect();
  expect(signIn(first.served)).toBe(true);
  const second = await guarded.connect();
  expect([signIn(second.served), signIn(second.served)]).toEqual([true, true]);
  const third = await guarded.connect();
  expect([signIn(third.served), isSignedIn(third.served)]).toEqual([false, false]);
  first.served.destroy();
  await once(first.served, "close");
  expect(signIn(third.served)).toBe(true);
});
