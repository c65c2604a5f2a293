import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { generate } from "mqtt-packet";
import { listenOnLoopback } from "../network/listen-on-loopback.ts";
import { splitMqttPackets } from "./mqtt-packets.ts";

/** A broker that attacks its clients. It accepts every agent and answers it, but acknowledges no event. */
export interface HostileBroker extends AsyncDisposable {
  readonly port: number;
  /** Connections it has accepted so far. */
  accepted(): number;
}

/**
 * What it does to an agent from its subscription on, until the agent has gone.
 * @param isUnderWay whether an event with this packet identifier waits for its acknowledgement
 */
export type BrokerAttack = (socket: Socket, isUnderWay: (id: number) => boolean) => Promise<void>;

const COMMAND_TOPIC = "sabrewing/door/detect/set";
const LONG = Buffer.alloc(900_000);
const HIGHEST_ID = 65_535;
/** Bytes written at once. */
const BLOCK = 64_000;

/** A PUBLISH to the agent (MQTT 3.1.1, section 3.3). */
export function publish(payload: string | Buffer, qos: 0 | 1 | 2 = 0, messageId = 1): Buffer {
  const common = { cmd: "publish", topic: COMMAND_TOPIC, payload, dup: false, retain: false } as const;
  return generate(qos === 0 ? { ...common, qos } : { ...common, qos, messageId });
}

export const BROKER_ATTACKS: Readonly<Record<string, BrokerAttack>> = {
  async "QoS 2 messages that are never released"(socket) {
    for (let id = 1; id <= HIGHEST_ID && !socket.destroyed; id++) await send(socket, publish(LONG, 2, id));
  },
  "flood of QoS 1 messages": (socket) => flood(socket, (id) => publish(id % 2 === 0 ? "ON" : "OFF", 1, id)),
  "flood of QoS 0 messages": (socket) => flood(socket, (id) => publish(id % 2 === 0 ? "ON" : "OFF")),
  "flood of long messages": (socket) => flood(socket, () => publish(LONG)),
  "flood of PINGRESP": (socket) => flood(socket, () => Buffer.from([0xd0, 0])),
  async "flood of PUBACK, and answers to nothing"(socket, isUnderWay) {
    const answer = (type: number, id: number, ...more: number[]) =>
      Buffer.from([type, 2 + more.length, id >> 8, id & 0xff, ...more]);
    for (let id = 1; id <= HIGHEST_ID && !socket.destroyed; id++) {
      if (!isUnderWay(id)) await send(socket, answer(0x40, id));
    }
    for (const [type, ...more] of [[0x50], [0x62], [0x70], [0x90, 1], [0xb0]] as const) {
      await send(socket, answer(type, 0x1234, ...more));
    }
    for (let times = 0; times < 3; times++) await send(socket, Buffer.from([0x20, 2, 0, 0]));
  },
};

/** Starts the broker on a loopback port; 0: a free one. */
export async function startHostileBroker(attack: BrokerAttack, port = 0): Promise<HostileBroker> {
  const sockets = new Set<Socket>();
  let accepted = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    const underWay = new Set<number>();
    socket.on(
      "data",
      splitMqttPackets(({ type, qos, body }) => {
        const answer = answerTo(type, qos, body);
        if (answer !== undefined) socket.write(answer);
        else if (type === PUBLISH && qos === 1) underWay.add(body.readUInt16BE(2 + body.readUInt16BE(0)));
        if (type === CONNECT) accepted++;
        if (type === SUBSCRIBE) void attack(socket, (id) => underWay.has(id));
      }),
    );
  });
  return {
    port: await listenOnLoopback(server, port),
    accepted: () => accepted,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

const [CONNECT, PUBLISH, SUBSCRIBE, PINGREQ] = [1, 3, 8, 12];

function answerTo(type: number, qos: number, body: Buffer): Buffer | undefined {
  if (type === CONNECT) return Buffer.from([0x20, 2, 0, 0]);
  if (type === SUBSCRIBE) return generate({ cmd: "suback", messageId: body.readUInt16BE(0), granted: [1] });
  if (type === PINGREQ) return Buffer.from([0xd0, 0]);
  if (type !== PUBLISH || qos !== 1) return undefined;
  const topicEnd = 2 + body.readUInt16BE(0);
  const isEvent = body.toString("utf8", 2, topicEnd).endsWith("/events");
  return isEvent ? undefined : Buffer.from([0x40, 2, ...body.subarray(topicEnd, topicEnd + 2)]);
}

/** Sends packets as fast as the agent reads, until it disconnects. */
async function flood(socket: Socket, packet: (id: number) => Buffer): Promise<void> {
  const count = Math.ceil(BLOCK / packet(1).length);
  const block = Buffer.concat(Array.from({ length: count }, (_, index) => packet(index + 1)));
  while (!socket.destroyed) await send(socket, block);
}

async function send(socket: Socket, bytes: Buffer): Promise<void> {
  if (socket.destroyed || socket.write(bytes)) return;
  await Promise.race([once(socket, "drain"), once(socket, "close")]).catch(() => {});
}
