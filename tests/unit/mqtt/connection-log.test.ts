import { expect, test } from "vitest";
import { ConfigError, TransientError } from "../../../agent/base/errors.ts";
import { BrokerBreach } from "../../../agent/mqtt/broker-stream.ts";
import { connectionLog } from "../../../agent/mqtt/connection-log.ts";
import { recordingLog } from "../../support/agent/log-lines.ts";
import { manualClock } from "../../support/time/manual-clock.ts";

const away = new TransientError("the broker is away", "Start it.");
const refusal = new ConfigError("the broker refuses the agent", "Set the password.");

function start({ waiting = 0, onDisk = true } = {}) {
  const clock = manualClock();
  const { log, lines } = recordingLog();
  const outbox = { size: () => waiting, dropped: () => outbox.lost, onDisk: () => onDisk, lost: 0 };
  const config = { host: "broker", port: 1883, client_id: "cam", topic_prefix: "sabrewing" };
  const connections = connectionLog(config, outbox, clock, log);
  return { connections, clock, outbox, said: () => lines.map(({ level, msg }) => `${level} ${msg}`), lines };
}

test("logs one line for an outage and one for its end, regardless of the number of retries", async () => {
  const { connections, clock, said } = start();
  connections.connected();
  connections.markStable();
  for (let attempt = 0; attempt < 5; attempt++) connections.failed(away);
  await clock.pass(60_000);
  connections.connected();
  expect(said()).toEqual([
    "info connected to the broker broker:1883",
    "warn the broker is away; retrying until it works",
    "info the broker broker:1883 is back after 60 s; delivering the stored messages",
  ]);
});

test("says nothing of messages that come back as they should", () => {
  const { connections, said } = start();
  connections.echoed({ kind: "heard" });
  connections.echoed({ kind: "ended" });
  expect(said()).toEqual([]);
});

test("logs that the broker refuses the agent, even if its absence was logged before", () => {
  const { connections, said } = start();
  connections.failed(away);
  connections.failed(refusal);
  connections.failed(refusal);
  expect(said().map((line) => line.split(" ")[0])).toEqual(["warn", "error"]);
});

test("logs repeated short connections once with the likely reason, and once when they are over", async () => {
  const { connections, clock, lines, said } = start();
  for (let round = 0; round < 20; round++) {
    connections.connected();
    await clock.pass(1_000);
    connections.failed(away);
  }
  const before = said();
  expect(before.at(-1)).toMatch(/^error .*3 in a row.* another client uses the name "cam"/);
  expect(lines.at(-1)?.remedy).toMatch(/mqtt\.client_id/);
  expect(before.filter((line) => line.startsWith("error"))).toHaveLength(1);

  connections.connected();
  connections.markStable();
  expect(said().slice(before.length)).toEqual([
    "info the connection to the broker broker:1883 is stable again after 17 s",
  ]);
  connections.failed(away);
  expect(said().at(-1)).toBe("warn the broker is away; retrying until it works");
});

test("logs a broker that repeatedly violates the protocol once as such", () => {
  const { connections, lines, said } = start();
  const breach = new TransientError("the agent disconnected from the broker: it floods", "Find the client.", {
    cause: new BrokerBreach("it floods"),
  });
  for (let round = 0; round < 20; round++) {
    connections.connected();
    connections.failed(breach);
  }
  expect(said().filter((line) => line.startsWith("error"))).toEqual([
    expect.stringMatching(/it floods, 3 times in a row/),
  ]);
  expect(lines.at(-1)?.remedy).toBe("Find the client.");
});

test("does not blame another client if the broker ends every connection over the same message", () => {
  const { connections, said } = start();
  for (let round = 0; round < 20; round++) {
    connections.connected();
    connections.failed(away, round > 0);
  }
  expect(said().filter((line) => line.startsWith("error"))).toEqual([
    expect.stringMatching(/ended 3 connections in a row before it acknowledged the oldest message/),
  ]);
});

test("does not blame another client for a broker that is killed repeatedly: it does not accept the next connection", () => {
  const { connections, said } = start();
  for (let round = 0; round < 10; round++) {
    connections.connected();
    connections.failed(away);
    connections.failed(away);
  }
  expect(said().filter((line) => line.startsWith("error"))).toEqual([]);
});

test("logs a full outbox once per outage", () => {
  const { connections, outbox, said } = start();
  connections.failed(away);
  for (outbox.lost = 1; outbox.lost < 5; outbox.lost++) connections.queued();
  expect(said().filter((line) => line.includes("outbox is full"))).toHaveLength(1);
  connections.connected();
  connections.queued();
  outbox.lost++;
  connections.queued();
  expect(said().filter((line) => line.includes("outbox is full"))).toHaveLength(2);
});

test.each([
  {
    onDisk: true,
    line: "info stopping: 3 messages for the broker broker:1883 are stored for the next start",
  },
  { onDisk: false, line: "warn stopping: 3 messages for the broker broker:1883 are lost" },
])("logs what happens to unsent messages (on disk: $onDisk)", ({ onDisk, line }) => {
  const { connections, said } = start({ waiting: 3, onDisk });
  connections.stopped();
  expect(said()).toEqual([line]);
});
