/** A hostile broker cannot make the agent use more memory than a connection needs. */
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { generate } from "mqtt-packet";
import { expect, test } from "vitest";
import { AgentConfigSchema } from "../../agent/config/schema.ts";
import { openConnection, type Subscription } from "../../agent/mqtt/connection.ts";
import { listenOnLoopback } from "../support/network/listen-on-loopback.ts";
import { waitUntil } from "../support/time/wait-until.ts";

const CONNACK = Buffer.from([0x20, 2, 0, 0]);
/** A PUBLISH of 256 MB less one byte, the maximum, to the topic `a`. */
const LONGEST_PUBLISH = Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f, 0, 1, 0x61]);
const MEGABYTE = Buffer.alloc(1_000_000);

test("disconnects from a broker that sends an endless packet after a megabyte or two", async () => {
  let sent = 0;
  await using broker = await startBroker((socket) => {
    socket.write(LONGEST_PUBLISH);
    const more = () => {
      sent += 1;
      if (sent < 200) socket.write(MEGABYTE, more);
    };
    more();
  });
  expect(await whyItEnded(broker.port)).toContain("it sent a packet of more than a megabyte");
  // Data that the agent did not read waits in the system's buffers.
  expect(sent).toBeLessThan(30);
});

test("disconnects from a broker that reads nothing before unsent data fills the memory", async () => {
  await using broker = await startBroker((socket) => {
    socket.pause();
  });
  const connection = await openConnection(settings(broker.port));
  let hasEnded = false;
  const ended = connection.ended.then((error) => {
    hasEnded = true;
    return error;
  });
  let sent = 0;
  for (; sent < 300 && !hasEnded; sent++) {
    connection.send({ topic: "snapshot", payload: MEGABYTE, retain: true, qos: 0 });
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect((await ended).message).toContain("it does not read the data that the agent sends");
  expect(sent).toBeLessThan(100);
});

test("disconnects from a broker that publishes with QoS 2 before unreleased messages fill the memory", async () => {
  await using broker = await startBroker((socket) => {
    for (let id = 1; id <= 20; id++) socket.write(publish("a", Buffer.alloc(900_000), { qos: 2, id }));
  });
  expect(await whyItEnded(broker.port)).toContain("it sent a message of QoS 2");
});

test("reports a message for an ended connection as not acknowledged", async () => {
  await using broker = await startBroker((socket) => {
    socket.once("data", () => socket.write(publish("a", "ON", { qos: 2, id: 1 })));
  });
  const connection = await openConnection(settings(broker.port));
  const errors: (Error | undefined)[] = [];
  const send = () => {
    connection.send({ topic: "events", payload: "x", retain: false, qos: 1 }, (error) => errors.push(error));
  };
  send();
  await connection.ended;
  send();
  expect(errors).toEqual([expect.any(Error), expect.any(Error)]);
});

test.each([
  ["PINGRESP", Buffer.from([0xd0, 0])],
  ["PUBACK", Buffer.from([0x40, 2, 0, 1])],
  ["QoS 0", publish("a", "ON")],
  ["QoS 1", publish("a", "ON", { qos: 1, id: 1 })],
  ["long messages", publish("a", Buffer.alloc(900_000))],
])("disconnects from a broker that floods the agent with %s", async (_, packet) => {
  const blob = Buffer.concat(Array.from({ length: Math.ceil(60_000 / packet.length) }, () => packet));
  await using broker = await startBroker((socket) => {
    const more = () => !socket.destroyed && socket.write(blob, more);
    more();
  });
  let heard = 0;
  const onMessage = () => {
    heard++;
  };
  const why = await whyItEnded(broker.port, { topics: ["a"], onMessage, onRefused() {} });
  expect(why).toContain("it floods the agent");
  expect(heard).toBeLessThan(25_000);
});

test("receives a thousand commands at once without blocking the event loop", async () => {
  const commands = Buffer.concat(Array.from({ length: 1_000 }, () => publish("a", "ON")));
  await using broker = await startBroker((socket) => {
    socket.once("data", () => socket.write(commands));
  });
  let heard = 0;
  let heardInTurn = 0;
  let most = 0;
  const onMessage = () => {
    if (heardInTurn === 0) setImmediate(endTurn);
    heard++;
    heardInTurn++;
  };
  const endTurn = () => {
    most = Math.max(most, heardInTurn);
    heardInTurn = 0;
  };
  const connection = await openConnection(settings(broker.port), {
    subscription: { topics: ["a"], onMessage, onRefused() {} },
  });
  await waitUntil("all of them are received", () => heard === 1_000);
  // Fifty per turn, and the end of a turn is counted one turn late.
  expect(most).toBeLessThanOrEqual(100);
  await connection.disconnect(0);
});

test.each([
  ["a packet that no client receives", Buffer.from([0x10, 0]), "a packet of type 1"],
  [
    "an answer of a megabyte",
    Buffer.concat([Buffer.from([0x90, 0xb8, 0xfc, 0x3c]), Buffer.alloc(999_000)]),
    "an answer of 998968 bytes",
  ],
  ["a second CONNACK", CONNACK, "it accepted the same connection twice"],
  ["a packet that cannot be read", Buffer.from([0x30, 2, 0xff, 0xff]), "Cannot parse topic"],
  ["QoS 3", Buffer.from([0x36, 5, 0, 1, 0x61, 0, 1]), "it sent a message of QoS 3"],
])("disconnects from a broker that sends %s", async (_, packet, why) => {
  await using broker = await startBroker((socket) => {
    socket.write(packet);
  });
  expect(await whyItEnded(broker.port)).toContain(why);
});

test("receives commands from chunks of any size", async () => {
  const messages = Buffer.concat(Array.from({ length: 1_000 }, (_, id) => publish("a", `message ${id}`)));
  await using broker = await startBroker((socket) => {
    socket.setNoDelay();
    let sent = 0;
    const more = () => {
      const size = 1 + Math.floor(Math.random() * 500);
      socket.write(messages.subarray(sent, sent + size));
      sent += size;
      if (sent < messages.length) setImmediate(more);
    };
    socket.once("data", more);
  });
  const heard: string[] = [];
  const connection = await openConnection(settings(broker.port), {
    subscription: {
      topics: ["a"],
      onMessage: (_topic, payload) => heard.push(String(payload)),
      onRefused() {},
    },
  });
  await waitUntil("all of them are received", () => heard.length === 1_000);
  expect(heard.at(-1)).toBe("message 999");
  await connection.disconnect(0);
});

/** Connects and waits for the end of the connection, which may come before its acceptance. */
async function whyItEnded(port: number, subscription?: Subscription): Promise<string> {
  try {
    const connection = await openConnection(settings(port), { subscription });
    return (await connection.ended).message;
  } catch (error) {
    return String(error);
  }
}

/** A PUBLISH (MQTT 3.1.1, section 3.3). */
function publish(
  topic: string,
  payload: string | Buffer,
  { qos, id }: { readonly qos: number; readonly id?: number } = { qos: 0 },
): Buffer {
  return generate({
    cmd: "publish",
    topic,
    payload,
    qos: qos as 0 | 1 | 2,
    dup: false,
    retain: false,
    ...(id === undefined ? {} : { messageId: id }),
  });
}

/** A broker that accepts every client and then runs `afterwards`. */
async function startBroker(afterwards: (socket: Socket) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("data", () => {
      socket.write(CONNACK);
      afterwards(socket);
    });
  });
  const port = await listenOnLoopback(server);
  return {
    port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function settings(port: number) {
  return AgentConfigSchema.shape.mqtt.parse({ host: "127.0.0.1", port });
}
