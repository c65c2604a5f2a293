import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import type { StoredMessage } from "../../../agent/state/message-store.ts";
import { seeded } from "../../support/base/seeded.ts";
import {
  listen,
  mosquittoIsInstalled,
  startAedes,
  startMosquitto,
  type TestBroker,
} from "../../support/mqtt/brokers.ts";
import { waitUntil } from "../../support/time/wait-until.ts";
import { type Fault, type FaultResult, repeated } from "../fault.ts";
import { makeOutboxWorld } from "./outbox-world.ts";

const COLUMNS = ["sequence", "topic", "payload", "delivered", "added_ms"] as const;

/** A new value for one field of a message's row. */
interface Damage {
  readonly sequence: number;
  readonly column: (typeof COLUMNS)[number];
  readonly value: SQLInputValue;
}

const EVENTS = Array.from({ length: 20 }, (_, index) => `event-${index}`);
const DELIVERED_WITHIN_MS = 120_000;
const REFUSED_EVENTS = ["event-3", "event-9"];
/** An agent that crashes would do so at the first messages. */
const [SETTLED_MS, HURRIED_SETTLED_MS] = [2_000, 300];

const BEYOND = 2n ** 63n - 1n;
const POISONS: Readonly<Record<string, Omit<Damage, "sequence">>> = {
  "a topic with NUL": { column: "topic", value: "sabrewing/ev\0nts" },
  "a topic with a wildcard": { column: "topic", value: "sabrewing/#" },
  "an empty topic": { column: "topic", value: "" },
  "a topic of 70,000 bytes": { column: "topic", value: "x".repeat(70_000) },
  "a topic with U+FFFD": { column: "topic", value: "sabrewing/\ufffd" },
  "a payload that is not an event": { column: "payload", value: '{"type": "new", "after": null}' },
  "a payload of bytes": { column: "payload", value: new Uint8Array(100) },
  "a number out of range": { column: "sequence", value: BEYOND },
  "a negative number": { column: "sequence", value: -5n },
  "a time out of range": { column: "added_ms", value: BEYOND },
  "a time in the far future": { column: "added_ms", value: 10n ** 14n },
};

const POISONED: readonly Fault[] = Object.entries(POISONS).map(([name, poison]) => ({
  fault: `poisoned outbox: ${name}`,
  times: 1,
  lacks,
  inflict: (times, hurry) => repeated(times, () => deliverDamaged([{ ...poison, sequence: 1 }], hurry)),
}));

const CLOSED_OVER: Fault = {
  fault: "poisoned outbox: messages over which the broker ends the connection",
  times: 1,
  lacks: () => undefined,
  inflict: (times, hurry) =>
    repeated(times, () =>
      deliver({
        hurry,
        damages: [],
        startBroker: () => startClosingBroker(REFUSED_EVENTS),
        isExpected: ({ payload }) => !isAbout(REFUSED_EVENTS, payload),
      }),
    ),
};

const AT_ONCE = 10;
const DAMAGED: Fault = {
  fault: "damaged outbox: single fields of stored messages, at random",
  times: 200,
  lacks,
  inflict(times, hurry) {
    const random = seeded(20_261_129);
    let left = times;
    return repeated(Math.ceil(times / AT_ONCE), () => {
      const count = Math.min(AT_ONCE, left);
      left -= count;
      const rows = Array.from({ length: 2 * EVENTS.length }, (_, index) => index + 1);
      const hit = rows.toSorted(() => random() - 0.5).slice(0, count);
      return deliverDamaged(
        hit.map((sequence) => randomDamage(sequence, random)),
        hurry,
      );
    });
  },
};

/** An agent with stored events that are damaged or that the broker does not accept must deliver all others. */
export const OUTBOX_FAULTS: readonly Fault[] = [...POISONED, CLOSED_OVER, DAMAGED];

function lacks(): string | undefined {
  return mosquittoIsInstalled ? undefined : "mosquitto";
}

function deliverDamaged(damages: readonly Damage[], hurry: boolean): Promise<FaultResult> {
  // The sequence and the time only order and expire a message; the message itself is valid.
  const isLost = (sequence: number) =>
    damages.some((damage) => damage.sequence === sequence && ["topic", "payload"].includes(damage.column));
  return deliver({
    hurry,
    damages,
    startBroker: startMosquitto,
    isExpected: ({ sequence }) => !isLost(sequence),
  });
}

interface Delivery {
  readonly hurry: boolean;
  readonly damages: readonly Damage[];
  startBroker(): Promise<TestBroker>;
  /** Whether this message must be delivered. */
  isExpected(message: StoredMessage): boolean;
}

/** Starts an agent with stored events and counts the messages that do not arrive. */
async function deliver({ hurry, damages, startBroker, isExpected }: Delivery): Promise<FaultResult> {
  using world = makeOutboxWorld();
  const stored = await world.store(EVENTS);
  damageRows(world.databasePath, damages);
  const broker = await startBroker();
  const listener = await listen(broker.port);
  await using agent = await world.start(broker.port);
  const missing = () => {
    const heard = new Set(listener.heard.map(({ payload }) => payload));
    return stored.filter((message) => isExpected(message) && !heard.has(String(message.payload))).length;
  };
  await waitUntil("all valid messages arrive", () => missing() === 0, DELIVERED_WITHIN_MS).catch(() => {});
  await delay(hurry ? HURRIED_SETTLED_MS : SETTLED_MS);
  const ended = agent.ended();
  const lost = missing();
  const lines = agent.log.filter(({ msg }) => msg.includes("stored messages are damaged")).length;
  const { how } = await agent.stop();
  await listener.stop();
  await broker.kill();
  return {
    lost,
    broken: [
      ...(ended === undefined ? [] : [`the agent ended by itself: ${ended}`]),
      ...(how === "exit code 0" ? [] : [`the agent ended with ${how}`]),
      ...(lines <= 1 ? [] : [`expected one line about damaged messages, found ${lines}`]),
    ],
  };
}

/** A broker that closes the connection on which a message about one of these events comes. */
function startClosingBroker(events: readonly string[]): Promise<TestBroker> {
  return startAedes(0, {
    authorizePublish(client, { payload }, done) {
      if (isAbout(events, payload)) client?.close();
      else done(null);
    },
  });
}

function isAbout(events: readonly string[], payload: unknown): boolean {
  return events.some((event) => String(payload).includes(`"${event}"`));
}

function damageRows(path: string, damages: readonly Damage[]): void {
  using database = new DatabaseSync(path);
  for (const { sequence, column, value } of damages) {
    database.prepare(`UPDATE messages SET ${column} = ? WHERE sequence = ?`).run(value, sequence);
  }
}

function randomDamage(sequence: number, random: () => number): Damage {
  const column = COLUMNS[Math.floor(random() * COLUMNS.length)] ?? "topic";
  const integer = BigInt(Math.floor((random() - 0.5) * 2 ** 53)) * (random() < 0.5 ? 1n : 1023n);
  const text = String.fromCodePoint(...Array.from({ length: 40 }, () => Math.floor(random() * 0xd000)));
  const values: Readonly<Record<Damage["column"], SQLInputValue>> = {
    sequence: integer,
    topic: random() < 0.5 ? text : `sabrewing/${text}`,
    payload: random() < 0.3 ? integer : random() < 0.5 ? text : `{"type":"new","after":{"id":"${text}"}}`,
    // 1 would mean that the broker has acknowledged the message, which cannot be recognised as damage.
    delivered: integer === 1n ? 2n : integer,
    added_ms: integer,
  };
  return { sequence, column, value: values[column] };
}
