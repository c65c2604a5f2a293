import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { listenOnLoopback } from "../network/listen-on-loopback.ts";
import { splitMqttPackets } from "./mqtt-packets.ts";

/** A proxy between an agent and its broker that records messages and can cut the connection. */
export interface MqttTap extends AsyncDisposable {
  /** The port for the agent. */
  readonly port: number;
  /** Payloads of QoS 1 on one topic, in the order of the broker's acknowledgements, including repeats. */
  readonly acknowledged: readonly string[];
  /** Connections the broker has accepted (CONNACK) so far. */
  accepted(): number;
  /** Forwards half of the next such message, then cuts the connection. Resolves when it is cut. */
  cutInMidMessage(): Promise<void>;
}

const [CONNACK, PUBLISH, PUBACK] = [2, 3, 4];

/** Starts a proxy on a free loopback port in front of the broker on `brokerPort`, for messages on `topic`. */
export async function startMqttTap(brokerPort: number, topic: string): Promise<MqttTap> {
  const acknowledged: string[] = [];
  const sockets = new Set<Socket>();
  let accepted = 0;
  let cutNext: (() => void) | undefined;

  function join(agent: Socket): void {
    const broker = connect(brokerPort, "127.0.0.1");
    const unacknowledged = new Map<number, string>();
    const cut = () => {
      agent.destroy();
      broker.destroy();
    };
    for (const socket of [agent, broker]) {
      sockets.add(socket);
      socket.on("error", cut);
      socket.on("close", () => {
        sockets.delete(socket);
        cut();
      });
    }
    const fromAgent = splitMqttPackets((packet) => {
      const message = packet.type === PUBLISH && packet.qos === 1 ? readPublish(packet.body) : undefined;
      if (message?.topic === topic) {
        unacknowledged.set(message.id, message.payload);
        if (cutNext !== undefined) {
          broker.write(packet.bytes.subarray(0, packet.bytes.length / 2), cut);
          cutNext();
          cutNext = undefined;
          return;
        }
      }
      if (!agent.destroyed) broker.write(packet.bytes);
    });
    const fromBroker = splitMqttPackets((packet) => {
      if (packet.type === CONNACK) accepted++;
      if (packet.type === PUBACK) {
        const payload = unacknowledged.get(packet.body.readUInt16BE(0));
        if (payload !== undefined) acknowledged.push(payload);
      }
      agent.write(packet.bytes);
    });
    agent.on("data", fromAgent);
    broker.on("data", fromBroker);
  }

  const server = createServer(join);
  const port = await listenOnLoopback(server);
  return {
    port,
    acknowledged,
    accepted: () => accepted,
    cutInMidMessage() {
      const { promise, resolve } = Promise.withResolvers<void>();
      cutNext = resolve;
      return promise;
    },
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}

/** Variable header and payload of a PUBLISH of QoS 1 (MQTT 3.1.1, section 3.3.2). */
function readPublish(body: Buffer) {
  const topicEnd = 2 + body.readUInt16BE(0);
  return {
    topic: body.toString("utf8", 2, topicEnd),
    id: body.readUInt16BE(topicEnd),
    payload: body.toString("utf8", topicEnd + 2),
  };
}
