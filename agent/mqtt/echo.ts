import type { Clock } from "../base/clock.ts";
import { ConfigError } from "../base/errors.ts";
import type { MqttConfig } from "../config/schema.ts";
import type { Connection } from "./connection.ts";
import type { Message } from "./message.ts";

/** What became of messages that the agent sent to itself. `ended`: the connection ended or the signal was aborted first. */
export type Echo =
  | { readonly kind: "heard" | "ended" }
  | { readonly kind: "missing"; readonly topics: readonly string[] }
  | { readonly kind: "refused"; readonly reason: string };

export interface EchoOptions {
  readonly clock: Pick<Clock, "sleep">;
  readonly signal: AbortSignal;
  /** Milliseconds that the broker has to return the messages, after it has acknowledged them. */
  readonly withinMs: number;
  /** true: the broker must return them as retained messages to a later subscription; false: to one that exists. */
  readonly isRetained: boolean;
}

/**
 * Sends messages of QoS 1 on different topics and waits until the broker returns them.
 *
 * A broker that does not allow a client to publish still acknowledges its messages (MQTT 3.1.1, section 3.3.5). So an
 * acknowledgement does not prove that a message reaches subscribers, but its return does.
 */
export async function echoOf(
  connection: Pick<Connection, "send" | "subscribe" | "ended">,
  messages: readonly Message[],
  { clock, signal, withinMs, isRetained }: EchoOptions,
): Promise<Echo> {
  const missing = new Map(messages.map(({ topic, payload }) => [topic, payload]));
  const answered = Promise.withResolvers<Echo>();
  const subscription = {
    topics: [...missing.keys()],
    onMessage(topic: string, payload: Uint8Array, retained: boolean) {
      if (retained !== isRetained || missing.get(topic) !== Buffer.from(payload).toString()) return;
      missing.delete(topic);
      if (missing.size === 0) answered.resolve({ kind: "heard" });
    },
    onRefused: (reason: string) => answered.resolve({ kind: "refused", reason }),
  };
  if (!isRetained) connection.subscribe(subscription);
  const sent = await Promise.allSettled(messages.map((message) => acknowledged(connection, message)));
  if (sent.some(({ status }) => status === "rejected")) return { kind: "ended" };
  if (isRetained) connection.subscribe(subscription);
  const isOver = new AbortController();
  const late = clock.sleep(withinMs, AbortSignal.any([signal, isOver.signal])).then((): Echo => {
    return signal.aborted ? { kind: "ended" } : { kind: "missing", topics: [...missing.keys()] };
  });
  const ended = connection.ended.then((): Echo => ({ kind: "ended" }));
  const echo = await Promise.race([answered.promise, ended, late]);
  isOver.abort();
  return echo;
}

/** Sends a message and waits for its acknowledgement. Rejects if the connection ends first. */
export function acknowledged(connection: Pick<Connection, "send">, message: Message): Promise<void> {
  return new Promise((resolve, reject) => {
    connection.send(message, (error) => (error === undefined ? resolve() : reject(error)));
  });
}

const MOST_TOPICS_NAMED = 3;

/**
 * The broker does not return messages that it has acknowledged.
 * @param topics theirs
 * @param trees topics with wildcards that the agent needs
 */
export function unheardError(
  { host, port, user }: Pick<MqttConfig, "host" | "port" | "user">,
  topics: readonly string[],
  trees: readonly string[],
): ConfigError {
  const named = topics.slice(0, MOST_TOPICS_NAMED).join(", ");
  const more = topics.length > MOST_TOPICS_NAMED ? ` and ${topics.length - MOST_TOPICS_NAMED} more` : "";
  const who = user === undefined ? "clients without a user name" : `the user "${user}"`;
  const rules = trees.map((tree) => `"topic readwrite ${tree}"`).join(" and ");
  return new ConfigError(
    `the broker ${host}:${port} acknowledges the agent's messages but does not pass them on: it does not allow ${who} to publish or to read ${named}${more}`,
    `Allow both for ${trees.join(" and ")} in the broker's access control list (in mosquitto's acl_file: ${rules}).`,
  );
}
