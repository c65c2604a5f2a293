import { randomUUID } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import { ConfigError } from "../../base/errors.ts";
import type { AgentConfig } from "../../config/schema.ts";
import { commandTopics } from "../../mqtt/commands.ts";
import { type Connection, openConnection } from "../../mqtt/connection.ts";
import { homeStatusTopic } from "../../mqtt/discovery.ts";
import { type Echo, echoOf, unheardError } from "../../mqtt/echo.ts";
import type { Message } from "../../mqtt/message.ts";
import type { Advice, Finding } from "./finding.ts";

const ECHO_WITHIN_MS = 5_000;
const LEAVE_WITHIN_MS = 1_000;

/** The parts of a configuration that concern the broker. */
export type BrokerConfig = Pick<AgentConfig, "mqtt" | "homeassistant"> & {
  readonly cameras: readonly { readonly name: string }[];
};

/**
 * Connects to the broker, subscribes to the commands, and publishes test messages beside the topics of the agent. The broker
 * must return them as retained messages; then they are removed.
 * @throws ConfigError if the broker does not, and what `openConnection` throws
 */
export async function tryBroker(
  config: BrokerConfig,
  { clock, signal }: { readonly clock: Pick<Clock, "sleep">; readonly signal: AbortSignal },
): Promise<Finding> {
  const { mqtt, homeassistant, cameras } = config;
  // The broker would disconnect a running daemon with the same client_id.
  const connection = await openConnection({ ...mqtt, client_id: `${mqtt.client_id}-check` }, { signal });
  const refusals: string[] = [];
  const messages = testMessages(config);
  let echo: Echo;
  try {
    connection.subscribe({
      topics: [
        ...commandTopics(
          mqtt.topic_prefix,
          cameras.map(({ name }) => name),
        ),
        ...(homeassistant.enabled ? [homeStatusTopic(homeassistant)] : []),
      ],
      onMessage() {},
      onRefused: (reason) => void refusals.push(reason),
    });
    echo = await echoOf(connection, messages, { clock, signal, withinMs: ECHO_WITHIN_MS, isRetained: true });
  } finally {
    await remove(messages, connection);
  }
  if (echo.kind === "missing") throw unheardError(mqtt, echo.topics, topicTrees(config));
  if (echo.kind === "ended" && !signal.aborted) throw endedError(config, await connection.ended);
  const who = mqtt.user === undefined ? "" : ` as ${mqtt.user}`;
  const advice = [
    ...(echo.kind === "refused" ? [notTried(config, echo.reason)] : []),
    ...refusals.slice(0, 1).map((reason) => noCommands(config, reason)),
  ];
  return { words: `${mqtt.host}:${mqtt.port}${who}`, advice };
}

/** An empty retained message removes the one that the broker keeps (MQTT 3.1.1, section 3.3.1.3). */
async function remove(messages: readonly Message[], connection: Connection): Promise<void> {
  for (const message of messages) connection.send({ ...message, payload: "" });
  await connection.disconnect(LEAVE_WITHIN_MS);
}

/** One for the agent, one for each camera and one for Home Assistant, because a rule of the broker may allow only some. */
function testMessages({ mqtt, homeassistant, cameras }: BrokerConfig): readonly Message[] {
  const payload = `test message of sabrewing check ${randomUUID()}`;
  const { topic_prefix: prefix } = mqtt;
  const topics = [
    `${prefix}/check`,
    ...cameras.map(({ name }) => `${prefix}/${name}/check`),
    ...(homeassistant.enabled ? [`${homeassistant.discovery_prefix}/device/sabrewing/check`] : []),
  ];
  return topics.map((topic) => ({ topic, payload, retain: true, qos: 1 }));
}

function topicTrees({ mqtt, homeassistant }: BrokerConfig): readonly string[] {
  const home = homeassistant.enabled ? [`${homeassistant.discovery_prefix}/#`] : [];
  return [`${mqtt.topic_prefix}/#`, ...home];
}

/** Some brokers answer a message that they do not allow by ending the connection. */
function endedError(config: BrokerConfig, cause: Error): ConfigError {
  const { host, port } = config.mqtt;
  return new ConfigError(
    `the broker ${host}:${port} ends the connection when the agent publishes a test message`,
    `Look for the reason in the broker's log. Allow the agent to publish retained messages on ${topicTrees(config).join(" and ")}.`,
    { cause },
  );
}

function notTried(config: BrokerConfig, reason: string): Advice {
  return {
    message: `the broker refuses the subscription that shows whether the agent's messages arrive (${reason})`,
    remedy: `Allow the agent to read ${topicTrees(config).join(" and ")}, or subscribe with another client and check that they arrive.`,
  };
}

function noCommands({ mqtt }: BrokerConfig, reason: string): Advice {
  return {
    message: `the broker refuses the subscription to commands: nothing can be switched over MQTT (${reason})`,
    remedy: `Let the agent subscribe to ${mqtt.topic_prefix}/+/+/set at the broker.`,
  };
}
