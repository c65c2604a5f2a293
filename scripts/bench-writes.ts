/**
 * `npm run -s bench:writes`: how many bytes the outbox writes to the disk for each event, a line of JSON for each case.
 * One object after the other is in view for 20 s and told of every 5 s (new, three updates, end), one a minute; the time
 * between is skipped. Counted is what the kernel writes back for this process (write_bytes of /proc/self/io, proc(5)).
 */
import { readFileSync } from "node:fs";
import { silentLog } from "../agent/base/log.ts";
import { type Outbox, openOutbox } from "../agent/mqtt/outbox.ts";
import { sqliteStore } from "../agent/state/sqlite-store.ts";
import { aboutObject } from "../tests/support/agent/object-events.ts";
import { temporaryFolder } from "../tests/support/base/temporary-folder.ts";
import { handClock } from "../tests/support/time/hand-clock.ts";

const EVENTS = 300;
const LIMITS = { bytes: 20e6, ageMs: 7 * 24 * 3_600_000 };
const TYPES = ["new", "update", "update", "update", "end"] as const;
const BETWEEN_MESSAGES_MS = 5_000;
const BETWEEN_EVENTS_MS = 40_000;

for (const brokerIsThere of [true, false]) {
  await using folder = await temporaryFolder();
  const clock = handClock();
  const outbox = await openOutbox(sqliteStore(folder.path), { clock, log: silentLog(), limits: LIMITS });
  if (brokerIsThere) await outbox.startDelivery();
  const before = writtenBytes();
  for (let event = 0; event < EVENTS; event++) {
    for (const [index, type] of TYPES.entries()) {
      await outbox.add(aboutObject(`${event}-object`, type, index + 1));
      if (brokerIsThere) acknowledgeAll(outbox);
      await clock.pass(BETWEEN_MESSAGES_MS);
    }
    await clock.pass(BETWEEN_EVENTS_MS);
  }
  await outbox[Symbol.asyncDispose]();
  const bytes = writtenBytes() - before;
  console.log(
    JSON.stringify({
      broker: brokerIsThere ? "there" : "away",
      events: EVENTS,
      messages: EVENTS * TYPES.length,
      payload_bytes_per_event: TYPES.reduce(
        (sum, type) => sum + aboutObject("0-object", type, 1).payload.length,
        0,
      ),
      written_bytes_per_event: Math.round(bytes / EVENTS),
    }),
  );
}

function acknowledgeAll(outbox: Outbox): void {
  for (let entry = outbox.take(); entry !== undefined; entry = outbox.take())
    outbox.acknowledge(entry.sequence);
}

function writtenBytes(): number {
  const [, bytes] = /^write_bytes: (\d+)$/m.exec(readFileSync("/proc/self/io", "utf8")) ?? [];
  return Number(bytes);
}
