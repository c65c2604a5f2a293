import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Clock, systemClock } from "../../../../agent/base/clock.ts";
import { tryBroker } from "../../../../agent/commands/check/try-broker.ts";
import { configOfDoor } from "../../../support/agent/small-config.ts";
import { temporaryFolder } from "../../../support/base/temporary-folder.ts";
import { listen, mosquittoIsInstalled, startAedes, startMosquitto } from "../../../support/mqtt/brokers.ts";

let stack: AsyncDisposableStack;
beforeEach(() => {
  stack = new AsyncDisposableStack();
});
afterEach(() => stack.disposeAsync());

/** Mosquitto with an access control list, and a function that tries it. */
async function mosquittoWith(rules: readonly string[]) {
  const { path } = stack.use(await temporaryFolder());
  const list = join(path, "acl");
  // The listening client of a test has no user name.
  writeFileSync(list, ["topic read #", "user cam", ...rules, ""].join("\n"));
  chmodSync(list, 0o600);
  return stack.adopt(await startMosquitto(0, [`acl_file ${list}`]), (broker) => broker.kill());
}

/** Waits a quarter of the time for messages that never come. */
const hurried = { sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms / 4, signal) };

function tryAt(port: number, { homeassistant = false, clock = systemClock as Pick<Clock, "sleep"> } = {}) {
  const config = configOfDoor();
  return tryBroker(
    {
      ...config,
      mqtt: { ...config.mqtt, host: "127.0.0.1", port, user: "cam" },
      homeassistant: { ...config.homeassistant, enabled: homeassistant },
    },
    { clock, signal: new AbortController().signal },
  );
}

describe.skipIf(!mosquittoIsInstalled)("mosquitto with an access control list", () => {
  test("is accepted if the agent hears its own retained messages, which are then removed", async () => {
    const broker = await mosquittoWith(["topic readwrite sabrewing/#"]);
    const { heard, stop } = await listen(broker.port);
    stack.defer(stop);
    expect(await tryAt(broker.port)).toEqual({ words: `127.0.0.1:${broker.port} as cam`, advice: [] });
    expect(heard.map(({ topic }) => topic)).toContain("sabrewing/door/check");
    const later = await listen(broker.port);
    stack.defer(later.stop);
    // The broker sends retained messages before it answers the subscription.
    expect(later.heard).toEqual([]);
  });

  test.each([
    ["publish anything", ["topic read sabrewing/#"], "sabrewing/check, sabrewing/door/check"],
    ["publish for one of the cameras", ["topic readwrite sabrewing/+"], "sabrewing/door/check"],
    ["read what it publishes", ["topic write sabrewing/#"], "sabrewing/check, sabrewing/door/check"],
    ["use this topic prefix", ["topic readwrite frigate/#"], "sabrewing/check, sabrewing/door/check"],
  ])(
    "is refused if it silently does not let the agent %s",
    async (_, rules, topics) => {
      const broker = await mosquittoWith(rules);
      await expect(tryAt(broker.port, { clock: hurried })).rejects.toMatchObject({
        name: "ConfigError",
        message: `the broker 127.0.0.1:${broker.port} acknowledges the agent's messages but does not pass them on: it does not allow the user "cam" to publish or to read ${topics}`,
        remedy: expect.stringContaining('"topic readwrite sabrewing/#"'),
      });
    },
    20_000,
  );

  test("is refused if it does not let the agent announce its cameras to Home Assistant", async () => {
    const broker = await mosquittoWith(["topic readwrite sabrewing/#"]);
    await expect(tryAt(broker.port, { homeassistant: true, clock: hurried })).rejects.toThrow(
      "to publish or to read homeassistant/device/sabrewing/check",
    );
  });
});

test("a broker that ends the connection over a message that it does not allow is refused", async () => {
  const broker = await startAedes(0, {
    authorizePublish: (_client, { topic }, done) => done(topic.endsWith("/check") ? new Error("no") : null),
  });
  stack.defer(() => broker.kill());
  await expect(tryAt(broker.port)).rejects.toMatchObject({
    name: "ConfigError",
    message: expect.stringContaining("ends the connection when the agent publishes"),
  });
});

test("a broker that refuses subscriptions is accepted, with advice", async () => {
  const broker = await startAedes(0, {
    authorizeSubscribe: (_client, _subscription, done) => done(null, null),
  });
  stack.defer(() => broker.kill());
  const { advice } = await tryAt(broker.port);
  expect(advice).toMatchObject([
    { message: expect.stringContaining("refuses the subscription that shows whether") },
    { message: expect.stringContaining("nothing can be switched over MQTT") },
  ]);
});
