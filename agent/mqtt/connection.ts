import { connect, ErrorWithReasonCode, type MqttClient } from "mqtt";
import { writeToStream } from "mqtt-packet";
import { ConfigError, TransientError } from "../base/errors.ts";
import type { MqttConfig } from "../config/schema.ts";
import type { Message } from "./message.ts";
import { refuseLongPackets, takesNothing } from "./packet-limits.ts";
import { explainTls, tlsOptions } from "./tls.ts";

// Left alone, it keeps a buffer for each of the 65 536 numbers a packet may have: 7 MB that nobody needs.
writeToStream.cacheNumbers = false;

/** A connection to the broker, from its acceptance to its end. It never comes back: the next one is another. */
export interface Connection {
  /**
   * Hands a message over, in order.
   * @param acknowledged called once: with nothing when the broker has it (QoS 1) or it is on its way (QoS 0), with an
   * error when the connection ended first.
   */
  send(message: Message, acknowledged?: (error?: Error) => void): void;
  /** Resolves when the connection is over, with what ended it. Never rejects. */
  readonly ended: Promise<TransientError>;
  /** Waits for what is under way, at most this long, then takes leave; the broker keeps the last will to itself. */
  leave(withinMs: number): Promise<void>;
}

// A broker that neither answers nor closes is noticed after one and a half of these.
const KEEPALIVE_SECONDS = 20;
const CONNECT_WITHIN_MS = 10_000;

/** What the agent hears from the broker. */
export interface Listening {
  /** Without wildcards. */
  readonly topics: readonly string[];
  /** @param retained whether the broker had kept the message from earlier */
  hear(topic: string, payload: Uint8Array, retained: boolean): void;
  /** The broker does not let the agent hear these topics, on this connection. */
  refused(reason: string): void;
}

export interface ConnectionOptions {
  readonly listening?: Listening | undefined;
  /** What the broker tells the world when this connection breaks. */
  readonly will?: Message;
  /** Gives up on an attempt that is still under way. */
  readonly signal?: AbortSignal;
}

/**
 * Connects to the broker, MQTT 3.1.1 over TCP or TLS, with a session that starts empty.
 * @throws ConfigError when the broker turns the agent away or is not who it should be, TransientError when it cannot be
 * reached.
 */
export async function openConnection(
  config: MqttConfig,
  { will, signal, listening }: ConnectionOptions = {},
): Promise<Connection> {
  const encryption = await tlsOptions(config);
  const client = connect({
    ...encryption,
    host: config.host,
    port: config.port,
    clientId: config.client_id,
    ...(config.user === undefined ? {} : { username: config.user }),
    ...(config.password === undefined ? {} : { password: config.password }),
    ...(will === undefined ? {} : { will: { ...will, payload: Buffer.from(will.payload) } }),
    clean: true,
    keepalive: KEEPALIVE_SECONDS,
    connectTimeout: CONNECT_WITHIN_MS,
    // The publisher reconnects and repeats by itself: its outbox is the one record of what has arrived.
    reconnectPeriod: 0,
    queueQoSZero: false,
    resubscribe: false,
  });

  let failure: Error | undefined;
  client.on("error", (error) => {
    failure ??= error;
  });
  const fail = (error: Error) => {
    failure ??= error;
    client.end(true);
  };
  refuseLongPackets(client, fail);
  const closed = new Promise<Error>((resolve) => {
    client.once("close", () => {
      client.end(true);
      resolve(failure ?? new Error("the broker closed the connection"));
    });
  });
  const accepted = new Promise<"accepted">((resolve) => client.once("connect", () => resolve("accepted")));

  const giveUp = () => client.end(true);
  signal?.addEventListener("abort", giveUp, { once: true });
  if (signal?.aborted === true) giveUp();
  const outcome = await Promise.race([accepted, closed]);
  signal?.removeEventListener("abort", giveUp);
  if (outcome !== "accepted") throw explainRefusal(outcome, config);
  if (listening !== undefined && listening.topics.length > 0) listen(client, listening);

  return {
    send({ topic, payload, retain, qos }, acknowledged = () => {}) {
      if (takesNothing(client.stream)) fail(new Error("it does not read what it is sent"));
      const bytes = typeof payload === "string" ? payload : Buffer.from(payload);
      client.publish(topic, bytes, { retain, qos }, (error) => acknowledged(error ?? undefined));
    },
    ended: closed.then((cause) => explainLoss(cause, config)),
    leave: (withinMs) => leave(client, closed, withinMs),
  };
}

function listen(client: MqttClient, { topics, hear, refused }: Listening): void {
  client.on("message", (topic, payload, { retain }) => hear(topic, payload, retain));
  client.subscribe([...topics], { qos: 1 }, (error) => {
    // A subscription that the end of the connection cut short is made again on the next one.
    if (error && client.connected) refused(error.message);
  });
}

async function leave(client: MqttClient, closed: Promise<unknown>, withinMs: number): Promise<void> {
  // end(true) would be ignored once end() has begun, and end() waits for every acknowledgement.
  const insist = setTimeout(() => client.stream.destroy(), withinMs);
  client.end();
  await closed;
  clearTimeout(insist);
}

// Return codes of CONNACK, MQTT 3.1.1 table 3.1.
const IDENTIFIER_REJECTED = 2;
const BAD_USER_NAME_OR_PASSWORD = 4;
const NOT_AUTHORISED = 5;

function explainRefusal(error: Error, config: MqttConfig): ConfigError | TransientError {
  const address = `${config.host}:${config.port}`;
  const refusedByTls = config.tls ? explainTls(error, address) : undefined;
  if (refusedByTls !== undefined) return refusedByTls;
  const code = error instanceof ErrorWithReasonCode ? error.code : undefined;
  if (code === BAD_USER_NAME_OR_PASSWORD || code === NOT_AUTHORISED) {
    const who = config.user === undefined ? "an agent without a user name" : `the user "${config.user}"`;
    return new ConfigError(
      `the broker ${address} does not let in ${who}: wrong user name or password`,
      "Set mqtt.user and mqtt.password to what the broker knows.",
      { cause: error },
    );
  }
  if (code === IDENTIFIER_REJECTED) {
    return new ConfigError(
      `the broker ${address} refuses the client identifier "${config.client_id}"`,
      "Set mqtt.client_id to a name this broker accepts.",
      { cause: error },
    );
  }
  return new TransientError(
    `the broker ${address} cannot be reached: ${reason(error)}`,
    "Check mqtt.host and mqtt.port, and that the broker runs and this machine may reach it.",
    { cause: error },
  );
}

function explainLoss(error: Error, config: MqttConfig): TransientError {
  return new TransientError(
    `the connection to the broker ${config.host}:${config.port} is lost: ${reason(error)}`,
    `Check that the broker runs, and that no other client calls itself "${config.client_id}".`,
    { cause: error },
  );
}

/** Node's AggregateError (a name with several addresses) has no message, only a code. */
function reason(error: Error): string {
  if (error.message !== "") return error.message;
  return "code" in error ? String(error.code) : error.name;
}
