/**
 * A process that has the agent's outbox and publisher, and makes events up: many more than a camera gives, and it says
 * which of them it holds. `node event-source.ts STATE_DIRECTORY PORT CLIENT_ID`. The log goes to standard output as the
 * agent's does, between the lines `kept {…}`, one for every message that is as safe as it will be.
 */
import { systemClock } from "../../../agent/base/clock.ts";
import { openLog } from "../../../agent/base/log.ts";
import { AgentConfigSchema } from "../../../agent/config/schema.ts";
import { eventIds } from "../../../agent/events/event-id.ts";
import { openOutbox } from "../../../agent/mqtt/outbox.ts";
import { openPublisher } from "../../../agent/mqtt/publisher.ts";
import { sqliteStore } from "../../../agent/state/sqlite-store.ts";
import { aboutObject } from "../../support/agent/object-events.ts";
import { readTold } from "./verdict.ts";

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
        // Written before the call returns (a pipe): it survives whatever comes next.
        process.stdout.write(`kept ${JSON.stringify(readTold(String(message.payload)))}\n`);
      },
    },
    clock,
    log,
    random: Math.random,
  },
);

broker.connect();

const inView = new Map<string, number>();
const say = (id: string, type: "new" | "update" | "end") => {
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
  if (id === undefined) say(newId(clock.nowMs()), "new");
  else say(id, Math.random() < 0.3 ? "end" : "update");
}
for (const id of [...inView.keys()]) say(id, "end");
