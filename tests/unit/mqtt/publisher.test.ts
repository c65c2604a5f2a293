import { describe, expect, test } from "vitest";
import { TransientError } from "../../../agent/base/errors.ts";
import { AgentConfigSchema } from "../../../agent/config/schema.ts";
import type { Connection, ConnectionOptions, Subscription } from "../../../agent/mqtt/connection.ts";
import type { Message } from "../../../agent/mqtt/message.ts";
import { openOutbox } from "../../../agent/mqtt/outbox.ts";
import { openPublisher } from "../../../agent/mqtt/publisher.ts";
import { recordingLog } from "../../support/agent/log-lines.ts";
import { memoryPlace } from "../../support/agent/memory-store.ts";
import { manualClock } from "../../support/time/manual-clock.ts";

const SUBSCRIPTION = { topics: ["test/door/detect/set"], onMessage() {}, onRefused() {} };

describe("a publisher that is not connected yet", () => {
  test("stores events and states, and drops figures", async () => {
    const { publisher, outbox, connections, settle } = await start();
    publisher.publish(state("door/motion", "ON"));
    publisher.publish(event("1"));
    publisher.publish(figures("early"));
    await settle();
    expect([connections.length, outbox.size(), publisher.isConnected()]).toEqual([0, 1, false]);
    publisher.connect();
    await settle();
    expect(connections[0]?.sent).toEqual(["available online", "door/motion ON", "events 1"]);
  });

  test("stops without a connection attempt", async () => {
    const { publisher, connections } = await start();
    await publisher[Symbol.asyncDispose]();
    expect(connections).toEqual([]);
  });
});

describe("a publisher that connects", () => {
  test("publishes online, then the last value of each state, then stored events in order", async () => {
    const { publisher, connections, settle } = await start();
    publisher.publish(event("1"));
    publisher.publish(state("door/person", "1"));
    publisher.publish(state("door/motion", "ON"));
    publisher.publish(state("door/person", "2"));
    publisher.publish(event("2"));
    publisher.connect();
    await settle();
    expect(connections[0]?.sent).toEqual([
      "available online",
      "door/person 2",
      "door/motion ON",
      "events 1",
      "events 2",
    ]);
    expect(publisher.isConnected()).toBe(true);
  });

  test("sets the last will and subscribes on every connection", async () => {
    const { publisher, connections, settle, clock } = await start();
    publisher.connect(SUBSCRIPTION);
    await settle();
    connections[0]?.end();
    await clock.pass(1_000);
    expect(connections.map(({ options }) => [options.will, options.subscription])).toEqual([
      [{ topic: "test/available", payload: "offline", retain: true, qos: 1 }, SUBSCRIPTION],
      [{ topic: "test/available", payload: "offline", retain: true, qos: 1 }, SUBSCRIPTION],
    ]);
  });

  test("sends messages at once, and after a reconnect states and unacknowledged events again", async () => {
    const { publisher, connections, settle, clock } = await start();
    publisher.connect();
    await settle();
    publisher.publish(figures("now"));
    publisher.publish(state("door/motion", "OFF"));
    publisher.publish(event("1"));
    publisher.publish(event("2"));
    await settle();
    expect(connections[0]?.sent.slice(1)).toEqual(["stats now", "door/motion OFF", "events 1", "events 2"]);
    connections[0]?.acknowledge("events 1");
    connections[0]?.end();
    await clock.pass(1_000);
    expect(connections[1]?.sent).toEqual(["available online", "door/motion OFF", "events 2"]);
  });

  test("waits twice as long after each failed attempt, and logs the failure once", async () => {
    const { publisher, attempts, lines, settle, clock } = await start({ failures: 4 });
    publisher.connect();
    await settle();
    for (let second = 0; second < 20; second += 0.5) await clock.pass(500);
    expect(attempts).toEqual([0, 500, 1_500, 3_500, 7_500]);
    expect(lines.map(({ level, msg }) => `${level} ${msg}`)).toEqual([
      "warn no broker here; retrying until it works",
      expect.stringMatching(/^info the broker .* is back after 8 s/),
    ]);
  });
});

describe("a publisher that stops", () => {
  test("waits for acknowledgements, then publishes offline and disconnects", async () => {
    const { publisher, connections, outbox, settle, clock } = await start();
    publisher.connect();
    await settle();
    publisher.publish(event("1"));
    await settle();
    const stopped = publisher[Symbol.asyncDispose]();
    await clock.pass(100);
    expect(connections[0]?.sent.at(-1)).toBe("events 1");
    connections[0]?.acknowledge("events 1");
    await clock.pass(100);
    await stopped;
    expect(connections[0]?.sent.slice(-2)).toEqual(["available offline", "disconnect"]);
    expect(outbox.size()).toBe(0);
  });

  test("waits two seconds at most, and leaves the messages in the outbox", async () => {
    const { publisher, connections, outbox, lines, settle, clock } = await start();
    publisher.connect();
    await settle();
    publisher.publish(event("1"));
    await settle();
    const stopped = publisher[Symbol.asyncDispose]();
    await clock.pass(2_100);
    await stopped;
    expect(connections[0]?.sent.slice(-2)).toEqual(["available offline", "disconnect"]);
    expect([outbox.size(), lines.at(-1)]).toMatchObject([1, { level: "info", waiting: 1 }]);
  });

  test("does not connect again", async () => {
    const { publisher, connections, settle, clock } = await start();
    publisher.connect();
    await settle();
    await publisher[Symbol.asyncDispose]();
    await clock.pass(60_000);
    expect(connections).toHaveLength(1);
  });
});

interface FakeConnection {
  /** Returns a message to the agent's subscriptions. */
  readonly echo: (topic: string, payload: string, retained?: boolean) => void;
  readonly options: ConnectionOptions;
  /** `events 1`, or `disconnect`. */
  readonly sent: string[];
  acknowledge(message: string): void;
  end(): void;
}

/** A publisher with fake connections; the first `failures` attempts to connect fail. */
async function start({ failures = 0 } = {}) {
  const { log, lines } = recordingLog();
  const clock = manualClock();
  const outbox = await openOutbox(memoryPlace(), { clock, log, limits: { bytes: 1000, ageMs: 60_000 } });
  const connections: FakeConnection[] = [];
  const attempts: number[] = [];
  const startMs = clock.monotonicMs();
  const publisher = openPublisher(
    AgentConfigSchema.shape.mqtt.parse({ host: "broker", topic_prefix: "test" }),
    {
      outbox,
      clock,
      log,
      random: () => 0,
      async connect(_config, options = {}) {
        attempts.push(clock.monotonicMs() - startMs);
        if (attempts.length <= failures) throw new TransientError("no broker here", "Start it.");
        const { connection, controls } = fakeConnection(options);
        connections.push(controls);
        return connection;
      },
    },
  );
  return { publisher, outbox, connections, attempts, lines, clock, settle: () => clock.pass(0) };
}

test("reconnects if the broker does not acknowledge a message within a minute", async () => {
  const { publisher, connections, clock, lines, settle } = await start();
  publisher.connect();
  publisher.publish({
    topic: "test/events",
    payload: "{}",
    retain: false,
    qos: 1,
  });
  await settle();
  await clock.pass(60_000);
  expect(connections).toHaveLength(1);
  await clock.pass(70_000);
  expect(connections.length).toBeGreaterThan(1);
  expect(lines.map(({ msg }) => msg).join("\n")).toContain("does not acknowledge a message within a minute");
});

describe("a broker that acknowledges messages and does not pass them on", () => {
  const UNHEARD = /acknowledges the agent's messages but does not pass them on: .*test\/available/;

  test("is reported once, with the rule that the broker needs, and once when it passes them on", async () => {
    const { publisher, connections, clock, lines } = await start();
    publisher.connect();
    for (let turn = 0; turn < 3; turn++) {
      await clock.pass(1_000);
      connections[turn]?.acknowledge("available online");
      // An old message of this content proves nothing.
      connections[turn]?.echo("test/available", "online", true);
      await clock.pass(11_000);
      connections[turn]?.end();
    }
    const reported = lines.filter(({ msg }) => UNHEARD.test(msg));
    expect(reported).toMatchObject([
      { level: "error", remedy: expect.stringContaining("topic readwrite test/#") },
    ]);
    await clock.pass(10_000);
    connections[3]?.acknowledge("available online");
    connections[3]?.echo("test/available", "online");
    await clock.pass(20_000);
    expect(lines.at(-1)?.msg).toBe("the broker broker:1883 passes the agent's messages on again");
  });

  test("is not suspected if it returns the message, or if the connection ends first", async () => {
    const { publisher, connections, clock, lines } = await start();
    publisher.connect();
    await clock.pass(0);
    connections[0]?.acknowledge("available online");
    connections[0]?.echo("test/available", "online");
    await clock.pass(20_000);
    connections[0]?.end();
    await clock.pass(1_000);
    connections[1]?.acknowledge("available online");
    connections[1]?.end();
    await clock.pass(20_000);
    expect(lines.filter(({ msg }) => UNHEARD.test(msg))).toEqual([]);
  });
});

function fakeConnection(options: ConnectionOptions): { connection: Connection; controls: FakeConnection } {
  const sent: string[] = [];
  const waiting = new Map<string, () => void>();
  const subscriptions: Subscription[] = [];
  const ended = Promise.withResolvers<TransientError>();
  const end = () => ended.resolve(new TransientError("the connection is lost", "Wait."));
  return {
    connection: {
      send({ topic, payload }, acknowledged = () => {}) {
        const message = `${topic.replace("test/", "")} ${payload}`;
        sent.push(message);
        waiting.set(message, () => acknowledged());
      },
      subscribe: (subscription) => void subscriptions.push(subscription),
      ended: ended.promise,
      async disconnect() {
        sent.push("disconnect");
        end();
      },
      abort(reason) {
        ended.resolve(new TransientError(reason.message, "Wait."));
      },
    },
    controls: {
      options,
      sent,
      acknowledge: (message) => waiting.get(message)?.(),
      echo(topic, payload, retained = false) {
        for (const { onMessage } of subscriptions) onMessage(topic, Buffer.from(payload), retained);
      },
      end,
    },
  };
}

function event(payload: string): Message {
  return { topic: "test/events", payload, retain: false, qos: 1 };
}

function state(topic: string, payload: string): Message {
  return { topic: `test/${topic}`, payload, retain: true, qos: 1 };
}

function figures(payload: string): Message {
  return { topic: "test/stats", payload, retain: false, qos: 0 };
}
