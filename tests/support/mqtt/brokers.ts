import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createConnection, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Aedes, type AedesOptions } from "aedes";
import { connect } from "mqtt";
import { listenOnLoopback } from "../network/listen-on-loopback.ts";

/** An MQTT broker on loopback that can be killed without a shutdown. */
export interface TestBroker {
  readonly port: number;
  /** Stops answering without closing anything. */
  freeze(): void;
  kill(): Promise<void>;
}

/** A message that the broker delivered to a subscriber. */
export interface Heard {
  readonly topic: string;
  readonly payload: string;
  readonly bytes: Uint8Array;
  readonly retain: boolean;
}

/** Starts a broker in this process. */
export async function startAedes(port = 0, options: AedesOptions = {}): Promise<TestBroker> {
  const broker = await Aedes.createBroker(options);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    broker.handle(socket);
  });
  const listening = await listenOnLoopback(server, port);
  return {
    port: listening,
    freeze() {
      for (const socket of sockets) socket.pause();
    },
    async kill() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
      await new Promise<void>((resolve) => broker.close(() => resolve()));
    },
  };
}

const MOSQUITTO = ["/usr/sbin/mosquitto", "/usr/bin/mosquitto"].find(
  (program) => spawnSync(program, ["-h"]).error === undefined,
);

/** Whether Eclipse Mosquitto is installed on this machine. */
export const mosquittoIsInstalled = MOSQUITTO !== undefined;

/**
 * Starts Eclipse Mosquitto without persistence.
 * @param tls lines of its configuration that turn TLS on (mosquitto.conf(5)). Default: no TLS.
 */
export async function startMosquitto(port = 0, tls: readonly string[] = []): Promise<TestBroker> {
  if (MOSQUITTO === undefined) throw new Error("mosquitto is not installed");
  const chosen = port === 0 ? await freePort() : port;
  const directory = mkdtempSync(join(tmpdir(), "sabrewing-mosquitto-"));
  const config = join(directory, "mosquitto.conf");
  const lines = ["allow_anonymous true", "persistence false", "user root", ...tls];
  writeFileSync(config, [`listener ${chosen} 127.0.0.1`, ...lines, ""].join("\n"));
  const child = spawn(MOSQUITTO, ["-c", config], { stdio: "ignore" });
  const exited = once(child, "exit");
  await (tls.length > 0 ? untilItListens(chosen) : untilItAccepts(chosen));
  return {
    port: chosen,
    freeze: () => void child.kill("SIGSTOP"),
    async kill() {
      child.kill("SIGKILL");
      await exited;
      rmSync(directory, { recursive: true });
    },
  };
}

/** Subscribes to all topics, and again after the broker's restarts. */
export async function listen(
  port: number,
): Promise<{ heard: Heard[]; stop(): Promise<void>; back(): Promise<void> }> {
  const heard: Heard[] = [];
  const client = connect({ host: "127.0.0.1", port, reconnectPeriod: 20 });
  client.on("message", (topic, payload, { retain }) =>
    heard.push({ topic, payload: payload.toString(), bytes: payload, retain }),
  );
  client.on("error", () => {});
  let subscriptions = 0;
  client.on("connect", () => client.subscribe("#", { qos: 1 }, () => subscriptions++));
  const subscribed = async (times: number) => {
    while (subscriptions < times) await delay(5);
  };
  await subscribed(1);
  return {
    heard,
    stop: () => client.endAsync(true),
    back: () => subscribed(2),
  };
}

/** A free port. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listenOnLoopback(server);
  server.close();
  await once(server, "close");
  return port;
}

async function untilItAccepts(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const client = connect({ host: "127.0.0.1", port, reconnectPeriod: 0 });
    client.on("error", () => {});
    const accepted = await new Promise<boolean>((resolve) => {
      client.once("connect", () => resolve(true));
      client.once("close", () => resolve(false));
    });
    client.end(true);
    if (accepted) return;
    await delay(25);
  }
  throw new Error(`no broker accepts connections on port ${port}`);
}

async function untilItListens(port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const socket = createConnection(port, "127.0.0.1");
    const listens = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (listens) return;
    await delay(25);
  }
  throw new Error(`nothing listens on port ${port}`);
}
