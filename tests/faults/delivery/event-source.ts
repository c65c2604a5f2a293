/**
 * A process with the agent's outbox and publisher. It makes up many more events than a camera would cause.
 * `node event-source.ts STATE_DIRECTORY PORT CLIENT_ID`. Standard output contains the log, as of the agent, and a line
 * `kept {…}` for every message when the outbox has stored it.
 */
import { systemClock } from "../../../agent/base/clock.ts";
import { openLog } from "../../../agent/base/log.ts";
import { AgentConfigSchema } from "../../../agent/config/schema.ts";
import { eventIds } from "../../../agent/events/event-id.ts";
import { openOutbox } from "../../../agent/mqtt/outbox.ts";
import { openPublisher } from "../../../agent/mqtt/publisher.ts";
import { sqliteStore } from "../../../agent/state/sqlite-store.ts";
import { aboutObject } from "../../support/agent/object-events.ts";
import { readReported } from "./verdict.ts";

const [directory = "", port = "", clientId = ""] = process.argv.slice(2);
const EVERY_MS = 25;
const OBJECTS = 4;
const LIMITS = { bytes: 20e6, ageMs: 3_600_000 };

const stopping = new AbortController();
process.on("SIGTERM", () => stopping.abort());

const log = openLog();
const newId = eventIds(Math.random);
const clock = systemClock;
await using outbox = await openOutbox(sqliteStore(directory), { clock, log, limits: LIMITS });
await using broker = openPublisher(
  AgentConfigSchema.shape.mqtt.parse({ host: "127.0.0.1", port: Number(port), client_id: clientId }),
  {
    outbox: {
      ...outbox,
      async add(message) {
        await outbox.add(message);
        // A write to a pipe is synchronous: the line survives a crash.
        process.stdout.write(`kept ${JSON.stringify(readReported(String(message.payload)))}\n`);
      },
    },
    clock,
    log,
    random: Math.random,
  },
);

broker.connect();

const inView = new Map<string, number>();
const publishEvent = (id: string, type: "new" | "update" | "end") => {
  const revision = (inView.get(id) ?? 0) + 1;
  if (type === "end") inView.delete(id);
  else inView.set(id, revision);
  broker.publish(aboutObject(id, type, revision));
};
log.info("ready");
while (!stopping.signal.aborted) {
  await clock.sleep(EVERY_MS, stopping.signal);
  const ids = [...inView.keys()];
  const id = ids[Math.floor(Math.random() * OBJECTS)];
  if (id === undefined) publishEvent(newId(clock.nowMs()), "new");
  else publishEvent(id, Math.random() < 0.3 ? "end" : "update");
}
for (const id of [...inView.keys()]) publishEvent(id, "end");
