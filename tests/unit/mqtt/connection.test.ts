import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { generate, type Packet, parser } from "mqtt-packet";
import { describe, expect, test } from "vitest";
import { ConfigError, TransientError } from "../../../agent/base/errors.ts";
import { AgentConfigSchema } from "../../../agent/config/schema.ts";
import { openConnection } from "../../../agent/mqtt/connection.ts";
import { listenOnLoopback } from "../../support/network/listen-on-loopback.ts";
import { waitUntil } from "../../support/time/wait-until.ts";

const WILL = { topic: "home/available", payload: "offline", retain: true, qos: 1 } as const;
const EVENT = { topic: "home/events", payload: "1", retain: false, qos: 1 } as const;

describe("a connection to the broker", () => {
  test("starts with a clean session, the last will and the credentials", async () => {
    await using broker = await startBroker();
    const connection = await openConnection(settings(broker.port, { user: "cam", password: "secret" }), {
      will: WILL,
    });
    expect(broker.received[0]).toMatchObject({
      cmd: "connect",
      protocolVersion: 4,
      clean: true,
      clientId: "door-agent",
      username: "cam",
      password: Buffer.from("secret"),
      will: { topic: "home/available", payload: Buffer.from("offline"), retain: true, qos: 1 },
    });
    await connection.disconnect(100);
  });

  test("subscribes with QoS 1 when it has topics, and to nothing without", async () => {
    await using broker = await startBroker();
    const subscription = { topics: ["a", "b"], onMessage() {}, onRefused() {} };
    const connection = await openConnection(settings(broker.port), { subscription });
    await waitUntil("the subscription arrives", () => commands(broker.received).includes("subscribe"));
    expect(broker.received[1]).toMatchObject({
      subscriptions: [
        { topic: "a", qos: 1 },
        { topic: "b", qos: 1 },
      ],
    });
    await connection.disconnect(100);
    const silent = await openConnection(settings(broker.port), {
      subscription: { ...subscription, topics: [] },
    });
    await silent.disconnect(100);
    expect(commands(broker.received)).toEqual([
      ...["connect", "subscribe", "disconnect"],
      ...["connect", "disconnect"],
    ]);
  });

  test("reports a refused subscription", async () => {
    await using broker = await startBroker({ granted: 128 });
    const refusals: string[] = [];
    const subscription = { topics: ["a"], onMessage() {}, onRefused: (why: string) => refusals.push(why) };
    const connection = await openConnection(settings(broker.port), { subscription });
    await waitUntil("the refusal arrives", () => refusals.length > 0);
    expect(refusals).toHaveLength(1);
    await connection.disconnect(100);
  });

  test("reports a message as sent when the broker acknowledges it", async () => {
    await using broker = await startBroker({ acknowledges: false });
    const connection = await openConnection(settings(broker.port));
    const results: unknown[] = [];
    connection.send(EVENT, (error) => results.push(error));
    await waitUntil("the message arrives", () => commands(broker.received).includes("publish"));
    expect(results).toEqual([]);
    const packet = broker.received.at(-1);
    broker.answer({ cmd: "puback", messageId: packet?.messageId ?? 0 });
    await waitUntil("it is acknowledged", () => results.length > 0);
    expect(results).toEqual([undefined]);
    await connection.disconnect(100);
  });

  test("reports unacknowledged messages when the broker closes it, with the reason", async () => {
    await using broker = await startBroker({ acknowledges: false });
    const connection = await openConnection(settings(broker.port));
    const results: unknown[] = [];
    connection.send(EVENT, (error) => results.push(error));
    await waitUntil("the message arrives", () => commands(broker.received).includes("publish"));
    broker.close();
    expect(await connection.ended).toMatchObject({
      name: "TransientError",
      message: expect.stringContaining("is lost: the broker closed the connection"),
    });
    connection.send(EVENT, (error) => results.push(error));
    expect(results).toEqual([expect.any(Error), expect.any(Error)]);
  });

  test("ends with DISCONNECT, so that the broker does not publish the last will", async () => {
    await using broker = await startBroker();
    const connection = await openConnection(settings(broker.port), { will: WILL });
    await connection.disconnect(1_000);
    await waitUntil("it arrives", () => commands(broker.received).includes("disconnect"));
    expect(commands(broker.received)).toEqual(["connect", "disconnect"]);
  });
});

describe("a broker that refuses the agent", () => {
  test.each([
    [2, "refuses the client identifier", "mqtt.client_id"],
    [4, "refuses an agent without a user name", "mqtt.user and mqtt.password"],
    [5, "refuses an agent without a user name", "mqtt.user and mqtt.password"],
  ])("with return code %i causes a ConfigError with the remedy", async (returnCode, message, remedy) => {
    await using broker = await startBroker({ returnCode });
    const error: unknown = await openConnection(settings(broker.port)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({
      message: expect.stringContaining(message),
      remedy: expect.stringContaining(remedy),
    });
  });

  test("with return code 3 (unavailable) causes a TransientError", async () => {
    await using broker = await startBroker({ returnCode: 3 });
    await expect(openConnection(settings(broker.port))).rejects.toThrow(TransientError);
  });
});

test("an attempt to connect ends when it is aborted", async () => {
  await using broker = await startBroker({ accepts: false });
  const stop = new AbortController();
  const attempt = openConnection(settings(broker.port), { signal: stop.signal });
  await waitUntil("the attempt arrives", () => broker.received.length > 0);
  stop.abort();
  await expect(attempt).rejects.toThrow(TransientError);
});

function settings(port: number, access: { readonly user?: string; readonly password?: string } = {}) {
  return AgentConfigSchema.shape.mqtt.parse({ host: "127.0.0.1", port, client_id: "door-agent", ...access });
}

function commands(packets: readonly Packet[]): readonly string[] {
  return packets.map(({ cmd }) => cmd);
}

/** A broker that records packets and answers as configured. */
async function startBroker({ returnCode = 0, granted = 1, accepts = true, acknowledges = true } = {}) {
  const received: Packet[] = [];
  const sockets: Socket[] = [];
  const answer = (packet: Packet) => void sockets.at(-1)?.write(generate(packet));
  const server = createServer((socket) => {
    sockets.push(socket);
    const packets = parser();
    packets.on("packet", (packet: Packet) => {
      received.push(packet);
      const { messageId = 0 } = packet;
      if (packet.cmd === "connect" && accepts) answer({ cmd: "connack", returnCode, sessionPresent: false });
      if (packet.cmd === "subscribe") {
        answer({ cmd: "suback", messageId, granted: packet.subscriptions.map(() => granted) });
      }
      if (packet.cmd === "publish" && packet.qos === 1 && acknowledges) answer({ cmd: "puback", messageId });
    });
    socket.on("data", (bytes) => packets.parse(bytes));
    socket.on("error", () => {});
  });
  const port = await listenOnLoopback(server);
  const close = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port,
    received,
    answer,
    close,
    async [Symbol.asyncDispose]() {
      close();
      server.close();
      await once(server, "close");
    },
  };
}
