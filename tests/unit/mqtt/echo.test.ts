import { describe, expect, test } from "vitest";
import type { Connection } from "../../../agent/mqtt/connection.ts";
import { echoOf } from "../../../agent/mqtt/echo.ts";
import type { Message } from "../../../agent/mqtt/message.ts";
import { manualClock } from "../../support/time/manual-clock.ts";

const WITHIN_MS = 5_000;
const message = (topic: string): Message => ({ topic, payload: "mine", qos: 1, retain: false });

/** A connection whose broker returns what a test says. */
function connected({ sendFails = false } = {}) {
  const ended = Promise.withResolvers<never>();
  let receive: Parameters<Connection["subscribe"]>[0]["onMessage"] = () => {};
  return {
    send: (_: Message, done: (error?: Error) => void) => done(sendFails ? new Error("closed") : undefined),
    subscribe(subscription: Parameters<Connection["subscribe"]>[0]) {
      receive = subscription.onMessage;
    },
    ended: ended.promise,
    end: ended.resolve as () => void,
    echo: (topic: string, payload: string) => receive(topic, Buffer.from(payload), false),
  };
}

function started(broker: ReturnType<typeof connected>, topics = ["a", "b"]) {
  const clock = manualClock();
  const options = { clock, signal: new AbortController().signal, withinMs: WITHIN_MS, isRetained: false };
  return { clock, echo: echoOf(broker, topics.map(message), options) };
}

describe("an echo", () => {
  test("is heard when the broker has returned every message", async () => {
    const broker = connected();
    const { echo } = started(broker);
    broker.echo("a", "mine");
    broker.echo("b", "mine");
    expect(await echo).toEqual({ kind: "heard" });
  });

  test("is not a message of another client on the same topic", async () => {
    const broker = connected();
    const { clock, echo } = started(broker);
    broker.echo("a", "mine");
    broker.echo("b", "another's");
    await clock.pass(0);
    await clock.pass(WITHIN_MS);
    expect(await echo).toEqual({ kind: "missing", topics: ["b"] });
  });

  test("has ended with the connection, before the broker was late", async () => {
    const broker = connected();
    const { echo } = started(broker);
    broker.end();
    expect(await echo).toEqual({ kind: "ended" });
  });

  test("has ended if a message could not be sent", async () => {
    const { echo } = started(connected({ sendFails: true }));
    expect(await echo).toEqual({ kind: "ended" });
  });
});
