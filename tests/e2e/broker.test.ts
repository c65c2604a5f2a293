import { createServer, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { type Clock, systemClock } from "../../agent/base/clock.ts";
import type { MqttConfig } from "../../agent/config/schema.ts";
import type { Message } from "../../agent/mqtt/message.ts";
import { openOutbox } from "../../agent/mqtt/outbox.ts";
import { openPublisher, type Publisher } from "../../agent/mqtt/publisher.ts";
import { recordingLog } from "../support/agent/log-lines.ts";
import { memoryPlace } from "../support/agent/memory-store.ts";
import {
  freePort,
  type Heard,
  listen,
  mosquittoIsInstalled,
  startAedes,
  startMosquitto,
  type TestBroker,
} from "../support/mqtt/brokers.ts";

const cleanups: (() => PromiseLike<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const brokers = [
  { name: "aedes", start: startAedes, installed: true },
  { name: "mosquitto", start: startMosquitto, installed: mosquittoIsInstalled },
];

describe.each(brokers)("the publisher and $name", ({ start, installed }) => {
  test.skipIf(!installed)("report online, deliver all messages and report offline at the end", async () => {
    const broker = await run(start());
    const { heard } = await hear(broker.port);
    const { publisher } = await publish(broker.port);
    publisher.publish(state("cam/person", "1"));
    publisher.publish(event(1));
    await until(() => heard.length === 3);
    await publisher[Symbol.asyncDispose]();
    await until(() => heard.length === 4);
    expect(heard.map(({ topic, payload }) => `${topic} ${payload}`)).toEqual([
      "test/available online",
      "test/cam/person 1",
      "test/events 1",
      "test/available offline",
    ]);
  });

  test.skipIf(!installed)(
    "deliver every event in order when the broker is killed and restarted",
    async () => {
      const first = await start();
      const { heard, back } = await hear(first.port);
      const { publisher, outbox, lines, mayRetry } = await publish(first.port);
      publisher.publish(state("cam/person", "2"));
      publishEvents(publisher, 1, 50);
      await until(() => eventsIn(heard).length === 50 && outbox.size() === 0);
      first.freeze();
      publishEvents(publisher, 51, 75);
      await first.kill();
      publishEvents(publisher, 76, 100);
      await until(() => lines.some((line) => line.level === "warn"));
      await run(start(first.port));
      await back();
      const before = heard.length;
      mayRetry();
      await until(() => eventsIn(heard).at(-1) === 100);

      const again = heard.slice(before);
      expect(eventsIn(heard)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
      expect(again.slice(0, 2).map(({ topic, payload }) => `${topic} ${payload}`)).toEqual([
        "test/available online",
        "test/cam/person 2",
      ]);
      expect(lines.map(({ level, msg }) => `${level} ${msg}`)).toEqual([
        expect.stringMatching(/^info connected to the broker/),
        expect.stringMatching(/^warn the connection to the broker .* is lost/),
        expect.stringMatching(/^info the broker .* is back after/),
      ]);
    },
  );
});

describe("the publisher", () => {
  test("starts without a broker and delivers events when the broker starts", async () => {
    const port = await freePort();
    const { publisher, lines, mayRetry } = await publish(port);
    publisher.publish(event(1));
    await until(() => lines.length === 1);
    expect(lines[0]?.msg).toMatch(/cannot be reached: .*ECONNREFUSED.*retrying/);
    expect(lines[0]?.remedy).toMatch(/mqtt\.host/);
    await run(startAedes(port));
    const { heard } = await hear(port);
    mayRetry();
    await until(() => eventsIn(heard).length === 1);
  });

  test("logs a wrong password once and keeps retrying", async () => {
    let attempts = 0;
    const broker = await run(
      startAedes(0, {
        authenticate: (_client, _user, _password, done) => {
          attempts++;
          done(Object.assign(new Error("bad password"), { returnCode: 4 }), false);
        },
      }),
    );
    const { lines, mayRetry } = await publish(broker.port, { user: "cam", password: "wrong" });
    mayRetry();
    await until(() => attempts >= 3);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      level: "error",
      msg: expect.stringMatching(/refuses the user "cam": wrong user name or password/),
      remedy: expect.stringMatching(/mqtt\.password/),
    });
  });

  test("sets a last will: offline when the connection breaks, online when it is back", async () => {
    const sockets: Socket[] = [];
    const broker = await run(
      startAedes(0, {
        preConnect: (client, _packet, done) => {
          if ("conn" in client) sockets.push(client.conn as Socket);
          done(null, true);
        },
      }),
    );
    const { heard } = await hear(broker.port);
    const { mayRetry } = await publish(broker.port);
    mayRetry();
    await until(() => heard.length === 1);
    sockets.at(-1)?.destroy();
    await until(() => heard.length === 3);
    expect(heard.map(({ payload }) => payload)).toEqual(["online", "offline", "online"]);
  });

  test("keeps the newest events when the outbox is full, and logs it", async () => {
    const port = await freePort();
    const { publisher, lines, mayRetry } = await publish(port, {}, { bytes: 20 });
    publishEvents(publisher, 1, 25);
    expect(lines.filter(({ msg }) => msg.includes("outbox is full"))).toHaveLength(1);
    await run(startAedes(port));
    const { heard } = await hear(port);
    mayRetry();
    await until(() => eventsIn(heard).at(-1) === 25);
    expect(eventsIn(heard)).toEqual([16, 17, 18, 19, 20, 21, 22, 23, 24, 25]);
    expect(lines.at(-1)).toMatchObject({ dropped: 15 });
  });

  test.each([
    { disk: "works", refuses: undefined, says: { level: "info", waiting: 1 } },
    { disk: "is full", refuses: "unusable" as const, says: { level: "warn", lost: 1 } },
  ])(
    "disconnects from a broker that no longer answers when the disk $disk, and logs what happens to the events",
    async ({ refuses, says }) => {
      const CONNACK = Buffer.from([0x20, 0x02, 0x00, 0x00]);
      const sockets: Socket[] = [];
      const mute = createServer((socket) => {
        sockets.push(socket);
        socket.once("data", () => socket.write(CONNACK));
        socket.on("error", () => {});
      });
      const port = await freePort();
      mute.listen(port, "127.0.0.1");
      cleanups.push(async () => {
        mute.close();
        for (const socket of sockets) socket.destroy();
      });
      const place = memoryPlace();
      place.refuse(refuses);
      const { publisher, lines } = await publish(port, {}, { place });
      await until(() => lines.some(({ msg }) => msg.startsWith("connected")));
      publisher.publish(event(1));
      await publisher[Symbol.asyncDispose]();
      expect(lines.at(-1)).toMatchObject(says);
    },
  );
});

async function publish(
  port: number,
  access: { user?: string; password?: string } = {},
  { place = memoryPlace(), bytes = 1000 } = {},
) {
  const { log, lines } = recordingLog();
  const gate = Promise.withResolvers<void>();
  const config: MqttConfig = {
    host: "127.0.0.1",
    port,
    tls: false,
    tls_insecure: false,
    client_id: "publisher",
    topic_prefix: "test",
    stats_interval: 60,
    ...access,
  };
  // The publisher reconnects when the test allows it: a listener that reconnects later would miss events. Time runs 20 times
  // as fast, or faster.
  const clock: Clock = {
    ...systemClock,
    sleep: async (ms, signal) => {
      const left =
        signal === undefined ? [] : [new Promise((resolve) => signal.addEventListener("abort", resolve))];
      if (signal !== undefined) await Promise.race([gate.promise, ...left]);
      await systemClock.sleep(Math.min(ms, 20 + ms / 20), signal);
    },
  };
  const outbox = await openOutbox(place, { clock: systemClock, log, limits: { bytes, ageMs: 60_000 } });
  cleanups.push(() => outbox[Symbol.asyncDispose]());
  const publisher: Publisher = openPublisher(config, {
    outbox,
    clock,
    log,
    random: () => 0,
  });
  publisher.connect();
  cleanups.push(() => publisher[Symbol.asyncDispose]());
  return { publisher, outbox, lines, mayRetry: () => gate.resolve() };
}

async function run(starting: Promise<TestBroker>): Promise<TestBroker> {
  const broker = await starting;
  cleanups.push(() => broker.kill());
  return broker;
}

async function hear(port: number) {
  const listener = await listen(port);
  cleanups.push(() => listener.stop());
  return listener;
}

function event(number: number): Message {
  return { topic: "test/events", payload: String(number), retain: false, qos: 1 };
}

function publishEvents(publisher: Publisher, first: number, last: number): void {
  for (let number = first; number <= last; number++) publisher.publish(event(number));
}

function state(topic: string, payload: string): Message {
  return { topic: `test/${topic}`, payload, retain: true, qos: 1 };
}

function eventsIn(heard: readonly Heard[]): readonly number[] {
  return heard.filter(({ topic }) => topic === "test/events").map(({ payload }) => Number(payload));
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(10);
}
