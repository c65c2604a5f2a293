import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Clock, systemClock } from "../../agent/base/clock.ts";
import { openOutbox } from "../../agent/mqtt/outbox.ts";
import { openPublisher } from "../../agent/mqtt/publisher.ts";
import { recordingLog } from "../support/agent/log-lines.ts";
import { memoryPlace } from "../support/agent/memory-store.ts";
import { configOfDoor } from "../support/agent/small-config.ts";
import { temporaryFolder } from "../support/base/temporary-folder.ts";
import { listen, mosquittoIsInstalled, startMosquitto } from "../support/mqtt/brokers.ts";
import { waitUntil } from "../support/time/wait-until.ts";

/** Waits a tenth of the time for messages that never come. */
const hurried: Clock = {
  ...systemClock,
  sleep: (ms, signal) => systemClock.sleep(ms / 10, signal),
};

test.skipIf(!mosquittoIsInstalled)(
  "the log reports that mosquitto drops the agent's messages, and names the rule that it needs",
  async () => {
    await using stack = new AsyncDisposableStack();
    const { path } = stack.use(await temporaryFolder());
    const list = join(path, "acl");
    writeFileSync(list, "topic read #\nuser cam\ntopic read sabrewing/#\n");
    chmodSync(list, 0o600);
    const broker = stack.adopt(await startMosquitto(0, [`acl_file ${list}`]), (started) => started.kill());
    const { heard, stop } = await listen(broker.port);
    stack.defer(stop);
    const { log, lines } = recordingLog();
    const limits = { bytes: 1000, ageMs: 60_000 };
    const outbox = stack.use(await openOutbox(memoryPlace(), { clock: hurried, log, limits }));
    const { mqtt } = configOfDoor();
    const publisher = openPublisher(
      { ...mqtt, host: "127.0.0.1", port: broker.port, user: "cam" },
      { outbox, clock: hurried, log, random: () => 0 },
    );
    stack.use(publisher);
    publisher.connect();
    publisher.publish({ topic: "sabrewing/events", payload: "{}", retain: false, qos: 1 });
    await waitUntil("the agent reports it", () => lines.some(({ level }) => level === "error"));
    // The broker has acknowledged the event nevertheless.
    expect([outbox.size(), heard]).toEqual([0, []]);
    expect(lines.find(({ level }) => level === "error")).toMatchObject({
      msg: expect.stringMatching(
        /does not pass them on: it does not allow the user "cam" to publish or to read/,
      ),
      remedy: expect.stringContaining('"topic readwrite sabrewing/#"'),
    });
  },
);
