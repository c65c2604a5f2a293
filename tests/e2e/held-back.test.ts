/** The same fault with a whole agent is a row of `npm run test:faults`, where the retries take minutes. */
import { expect, test } from "vitest";
import { AgentConfigSchema } from "../../agent/config/schema.ts";
import { openOutbox } from "../../agent/mqtt/outbox.ts";
import { openPublisher } from "../../agent/mqtt/publisher.ts";
import { recordingLog } from "../support/agent/log-lines.ts";
import { memoryPlace } from "../support/agent/memory-store.ts";
import { aboutObject, inShort } from "../support/agent/object-events.ts";
import { listen, startAedes } from "../support/mqtt/brokers.ts";
import { hurriedClock } from "../support/time/hurried-clock.ts";
import { waitUntil } from "../support/time/wait-until.ts";

const REFUSED = ["bob", "dan"];
const EVENTS = ["ann", "bob", "cid", "dan", "eve"];

test("delivers every other event when a broker ends the connection over two of them", async () => {
  await using stack = new AsyncDisposableStack();
  const broker = stack.adopt(
    await startAedes(0, {
      authorizePublish(client, { payload }, done) {
        if (REFUSED.some((id) => String(payload).includes(`"${id}"`))) client?.close();
        else done(null);
      },
    }),
    ({ kill }) => kill(),
  );
  const listener = stack.adopt(await listen(broker.port), ({ stop }) => stop());
  const { log, lines } = recordingLog();
  // The attempts take more than a minute of this clock.
  const clock = hurriedClock(40);
  const limits = { bytes: 1_000_000, ageMs: 3_600_000 };
  const outbox = stack.use(await openOutbox(memoryPlace(), { clock, log, limits }));
  const config = AgentConfigSchema.shape.mqtt.parse({ host: "127.0.0.1", port: broker.port });
  const publisher = stack.use(openPublisher(config, { outbox, clock, log, random: () => 0 }));
  for (const id of EVENTS) publisher.publish(aboutObject(id, "new", 1));
  for (const id of EVENTS) publisher.publish(aboutObject(id, "end", 2));
  publisher.connect();

  const delivered = () =>
    new Set(
      listener.heard.filter(({ topic }) => topic.endsWith("/events")).map(({ payload }) => inShort(payload)),
    );
  const others = EVENTS.filter((id) => !REFUSED.includes(id));
  await waitUntil("the other events are delivered", () => delivered().size >= 2 * others.length);
  await waitUntil("both events are held back", () => outbox.heldBack() === 2 * REFUSED.length);
  expect([...delivered()].sort()).toEqual(others.flatMap((id) => [`${id} end 2`, `${id} new 1`]));
  await waitUntil("nothing else waits", () => outbox.size() === outbox.heldBack());
  const refusals = () => lines.filter(({ msg }) => msg.includes("ended several connections in a row over"));
  await waitUntil("the log names both messages", () => refusals().length === 2);
});
