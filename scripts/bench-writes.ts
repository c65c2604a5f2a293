/**
 * `npm run -s bench:writes`: measures how many bytes the outbox writes to the disk per event, with and without a broker,
 * and prints a line of JSON for each case. Each minute one object is in view for 20 s and has a message every 5 s (new,
 * three updates, end). The clock is simulated. The bytes are those that the kernel writes back for this process
 * (write_bytes of /proc/self/io, proc(5)).
 */
import { readFileSync } from "node:fs";
import { Command } from "commander";
import { silentLog } from "../agent/base/log.ts";
import { type Outbox, openOutbox } from "../agent/mqtt/outbox.ts";
import { sqliteStore } from "../agent/state/sqlite-store.ts";
import { aboutObject } from "../tests/support/agent/object-events.ts";
import { temporaryFolder } from "../tests/support/base/temporary-folder.ts";
import { manualClock } from "../tests/support/time/manual-clock.ts";

new Command("bench:writes")
  .description(
    "Measures how many bytes the outbox writes to the disk per event, with and without a broker: a line of JSON for each.",
  )
  .allowExcessArguments(false)
  .parse();

const EVENTS = 300;
const LIMITS = { bytes: 20e6, ageMs: 7 * 24 * 3_600_000 };
const TYPES = ["new", "update", "update", "update", "end"] as const;
const BETWEEN_MESSAGES_MS = 5_000;
const BETWEEN_EVENTS_MS = 40_000;

for (const brokerIsReachable of [true, false]) {
  await using folder = await temporaryFolder();
  const clock = manualClock();
  const outbox = await openOutbox(sqliteStore(folder.path), { clock, log: silentLog(), limits: LIMITS });
  if (brokerIsReachable) await outbox.startDelivery();
  const before = writtenBytes();
  for (let event = 0; event < EVENTS; event++) {
    for (const [index, type] of TYPES.entries()) {
      await outbox.add(aboutObject(`${event}-object`, type, index + 1));
      if (brokerIsReachable) acknowledgeAll(outbox);
      await clock.pass(BETWEEN_MESSAGES_MS);
    }
    await clock.pass(BETWEEN_EVENTS_MS);
  }
  await outbox[Symbol.asyncDispose]();
  const bytes = writtenBytes() - before;
  console.log(
    JSON.stringify({
      broker: brokerIsReachable ? "there" : "away",
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
