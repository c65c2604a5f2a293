/** What a broker may do that nobody has a hold on: it gets no more of the agent's memory than a connection takes. */
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { expect, test } from "vitest";
import { AgentConfigSchema } from "../../agent/config/schema.ts";
import { openConnection } from "../../agent/mqtt/connection.ts";
import { listenOnLoopback } from "../support/listen-on-loopback.ts";
import { waitUntil } from "../support/wait-until.ts";

const CONNACK = Buffer.from([0x20, 2, 0, 0]);
/** A PUBLISH of 256 MB less one byte, the longest there is, to the topic `a`. */
const LONGEST_PUBLISH = Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f, 0, 1, 0x61]);
const MEGABYTE = Buffer.alloc(1_000_000);

test("a broker that sends one endless packet is left after a megabyte or two", async () => {
  let sent = 0;
  await using broker = await startBroker((socket) => {
    socket.write(LONGEST_PUBLISH);
    const more = () => {
      sent += 1;
      if (sent < 200) socket.write(MEGABYTE, more);
    };
    more();
  });
  const connection = await openConnection(settings(broker.port));
  expect((await connection.ended).message).toContain("it sent a packet of more than a megabyte");
  // What was sent and not taken in waits in the system's buffers.
  expect(sent).toBeLessThan(30);
});

test("a broker that reads nothing is left before what waits for it fills the memory", async () => {
  await using broker = await startBroker((socket) => {
    socket.pause();
  });
  const connection = await openConnection(settings(broker.port));
  let left = false;
  const ended = connection.ended.then((error) => {
    left = true;
    return error;
  });
  let sent = 0;
  for (; sent < 300 && !left; sent++) {
    connection.send({ topic: "picture", payload: MEGABYTE, retain: true, qos: 0 });
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect((await ended).message).toContain("it does not read what it is sent");
  expect(sent).toBeLessThan(100);
});

test("many short packets are not taken for a long one", async () => {
  const publish = Buffer.concat([Buffer.from([0x30, 5, 0, 1, 0x61]), Buffer.from("ON")]);
  const messages = 200_000;
  await using broker = await startBroker((socket) => {
    // It has subscribed.
    socket.once("data", () => socket.write(Buffer.concat(Array.from({ length: messages }, () => publish))));
  });
  let heard = 0;
  const listening = {
    topics: ["a"],
    hear() {
      heard += 1;
    },
    refused() {},
  };
  const connection = await openConnection(settings(broker.port), { listening });
  await waitUntil("all of them are heard", () => heard === messages);
  await connection.leave(0);
});

/** A broker that accepts whoever comes and then does as it likes. */
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
