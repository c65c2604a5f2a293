import { generate } from "mqtt-packet";
import { silentLog } from "../../../agent/base/log.ts";
import { openOutbox } from "../../../agent/mqtt/outbox.ts";
import type { StoredRow } from "../../../agent/state/message-store.ts";
import { memoryPlace, storedRow } from "../agent/memory-store.ts";
import { aboutObject, aboutReview } from "../agent/object-events.ts";
import { manualClock } from "../time/manual-clock.ts";
import { at, mutatedBytes } from "./mutate-bytes.ts";
import { mutatedTree } from "./mutate-tree.ts";
import type { FuzzTarget } from "./target.ts";
import { wordsOf } from "./words.ts";

const LIMITS = { bytes: 1e6, ageMs: 1e6 };
const WORDS = wordsOf("#", "+", "\0", "\u202e", "/", '"id":', "null", "1e999", "x".repeat(70_000));
const STRANGE: readonly unknown[] = [
  0n,
  -1n,
  1n,
  2n ** 53n,
  2n ** 63n - 1n,
  -(2n ** 63n),
  0.5,
  null,
  "",
  "x",
];
const ROWS: readonly StoredRow[] = ["ann", "bob", "visit"].flatMap((id, index) =>
  (["new", "update", "end"] as const).map((type, revision) => {
    const isReview = id === "visit";
    const { topic, payload } = isReview
      ? aboutReview(id, ["ann"], type, revision + 1)
      : aboutObject(id, type, revision + 1);
    const sequence = 3 * index + revision + 1;
    return storedRow({ sequence, topic, payload, delivered: false, addedMs: 10 * sequence });
  }),
);
const EVENT: unknown = JSON.parse(String(aboutObject("ann", "update", 2).payload));

/** The events in the store at the agent's start: mutants of their rows. The agent must be able to send all that it accepts. */
export function outboxTarget(): FuzzTarget {
  return {
    make(random): readonly StoredRow[] {
      const rows = ROWS.map((row) => ({ ...row }));
      for (let times = 1 + at(random, 3); times > 0; times--) {
        const index = at(random, rows.length);
        const row = rows[index];
        if (row !== undefined) rows[index] = { ...row, ...damaged(row, random) };
      }
      return rows.toSorted((a, b) => (a.sequence < b.sequence ? -1 : 1));
    },
    async feed(rows) {
      const place = memoryPlace(rows as readonly StoredRow[]);
      const outbox = await openOutbox(place, { clock: manualClock(), log: silentLog(), limits: LIMITS });
      await outbox.startDelivery();
      for (let entry = outbox.take(); entry !== undefined; entry = outbox.take()) {
        const { topic, payload } = entry.message;
        const message = { topic, payload: String(payload), qos: 1, dup: false, retain: false } as const;
        generate({ cmd: "publish", messageId: 1, ...message });
        outbox.acknowledge(entry.sequence);
      }
      if (outbox.size() > 0) throw new Error(`${outbox.size()} messages remain`);
      return outbox.damaged() === 0;
    },
  };
}

function damaged(row: StoredRow, random: () => number): Partial<StoredRow> {
  const text = (value: unknown) =>
    new TextDecoder().decode(mutatedBytes(Buffer.from(String(value)), random, WORDS));
  const strange = STRANGE[at(random, STRANGE.length)];
  switch (at(random, 6)) {
    case 0:
      return { sequence: typeof strange === "bigint" ? strange : 7n };
    case 1:
      return { topic: random() < 0.5 ? strange : text(row.topic) };
    case 2:
      return { payload: random() < 0.2 ? strange : text(row.payload) };
    case 3:
      return { payload: JSON.stringify(mutatedTree(EVENT, random)) };
    case 4:
      return { delivered: strange };
    default:
      return { addedMs: strange };
  }
}
