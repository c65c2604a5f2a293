import { ErrorWithReasonCode, MqttClient } from "mqtt";
import { writeToStream } from "mqtt-packet";
import { errorCode } from "../base/error-code.ts";
import { ConfigError, TransientError } from "../base/errors.ts";
import type { MqttConfig } from "../config/schema.ts";
import { BrokerBreach, BrokerStream, openSocket } from "./broker-stream.ts";
import type { Message } from "./message.ts";
import { explainTls, tlsOptions } from "./tls.ts";

// By default mqtt-packet caches a buffer for each of the 65 536 packet identifiers, which takes 7 MB.
writeToStream.cacheNumbers = false;

/** A connection to the broker, from its acceptance to its end. It does not reconnect. */
export interface Connection {
  /**
   * Sends a message, in order.
   * @param acknowledged called once: without an argument when the broker has acknowledged the message (QoS 1) or it was
   * written to the socket (QoS 0), with an error if the connection ended first.
   */
  send(message: Message, acknowledged?: (error?: Error) => void): void;
  /** Subscribes to further topics, which no other subscription of this connection has. */
  subscribe(subscription: Subscription): void;
  /** Resolves when the connection has ended, with the reason. Never rejects. */
  readonly ended: Promise<TransientError>;
  /** Waits at most this long for messages in flight, then disconnects. The broker does not publish the last will. */
  disconnect(withinMs: number): Promise<void>;
  /** Ends the connection at once, for this reason. */
  abort(reason: Error): void;
}

// A broker that neither answers nor closes is detected after one and a half of these intervals.
const KEEPALIVE_SECONDS = 20;
const CONNECT_WITHIN_MS = 10_000;

/** The topics that the agent subscribes to, and the handlers of their messages. */
export interface Subscription {
  /** Without wildcards. */
  readonly topics: readonly string[];
  /** @param retained whether the message is a retained one */
  onMessage(topic: string, payload: Uint8Array, retained: boolean): void;
  /** Called when the broker refuses the subscription on this connection. */
  onRefused(reason: string): void;
}

export interface ConnectionOptions {
  readonly subscription?: Subscription | undefined;
  /** The last will: the broker publishes it when this connection breaks. */
  readonly will?: Message;
  /** Aborts an attempt to connect. */
  readonly signal?: AbortSignal;
}

/**
 * Connects to the broker, MQTT 3.1.1 over TCP or TLS, with a clean session.
 * @throws ConfigError if the broker refuses the agent or fails authentication, TransientError if it cannot be reached.
 */
export async function openConnection(
  config: MqttConfig,
  { will, signal, subscription }: ConnectionOptions = {},
): Promise<Connection> {
  const encryption = await tlsOptions(config);
  const stream = new BrokerStream(openSocket(config.host, config.port, encryption), () => performance.now());
  const client = new MqttClient(() => stream, {
    clientId: config.client_id,
    ...(config.user === undefined ? {} : { username: config.user }),
    ...(config.password === undefined ? {} : { password: config.password }),
    ...(will === undefined ? {} : { will: { ...will, payload: Buffer.from(will.payload) } }),
    clean: true,
    keepalive: KEEPALIVE_SECONDS,
    connectTimeout: CONNECT_WITHIN_MS,
    // The publisher reconnects and resends: only its outbox records which messages have arrived.
    reconnectPeriod: 0,
    queueQoSZero: false,
    resubscribe: false,
  });

  let failure: Error | undefined;
  let isOver = false;
  // A packet that mqtt.js cannot parse, or an answer to no packet, ends the connection: later bytes cannot be trusted.
  const fail = (error: Error) => {
    failure ??= error;
    isOver = true;
    client.end(true);
  };
  client.on("error", fail);
  stream.on("error", fail);
  client.on("packetsend", (packet) => {
    stream.sent(packet.cmd === "publish" ? packet : { cmd: packet.cmd });
  });
  const closed = new Promise<Error>((resolve) => {
    client.once("close", () => {
      isOver = true;
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
  const subscribeTo = (wanted: Subscription) => {
    if (wanted.topics.length > 0 && !isOver) subscribe(client, wanted);
  };
  if (subscription !== undefined) subscribeTo(subscription);

  return {
    send({ topic, payload, retain, qos }, acknowledged = () => {}) {
      // After the end, mqtt.js throws.
      if (isOver) {
        acknowledged(new Error("the connection has ended"));
        return;
      }
      const bytes = typeof payload === "string" ? payload : Buffer.from(payload);
      client.publish(topic, bytes, { retain, qos }, (error) => acknowledged(error ?? undefined));
    },
    subscribe: subscribeTo,
    ended: closed.then((cause) => explainLoss(cause, config)),
    abort: fail,
    disconnect: (withinMs) => disconnect(client, closed, withinMs),
  };
}

function subscribe(client: MqttClient, { topics, onMessage, onRefused }: Subscription): void {
  client.on("message", (topic, payload, { retain }) => {
    if (topics.includes(topic)) onMessage(topic, payload, retain);
  });
  client.subscribe([...topics], { qos: 1 }, (error) => {
    // An error after the end of the connection is no refusal: the next connection subscribes again.
    if (error && client.connected) onRefused(error.message);
  });
}

async function disconnect(client: MqttClient, closed: Promise<unknown>, withinMs: number): Promise<void> {
  // end() waits for every acknowledgement, and a later end(true) is ignored.
  const timeout = setTimeout(() => client.stream.destroy(), withinMs);
  client.end();
  await closed;
  clearTimeout(timeout);
}

// Return codes of CONNACK, MQTT 3.1.1 table 3.1.
const IDENTIFIER_REJECTED = 2;
const BAD_USER_NAME_OR_PASSWORD = 4;
const NOT_AUTHORISED = 5;

function explainRefusal(error: Error, config: MqttConfig): ConfigError | TransientError {
  const address = `${config.host}:${config.port}`;
  if (error instanceof BrokerBreach) return explainBreach(error, config);
  const refusedByTls = config.tls ? explainTls(error, address) : undefined;
  if (refusedByTls !== undefined) return refusedByTls;
  const code = error instanceof ErrorWithReasonCode ? error.code : undefined;
  if (code === BAD_USER_NAME_OR_PASSWORD || code === NOT_AUTHORISED) {
    const who = config.user === undefined ? "an agent without a user name" : `the user "${config.user}"`;
    return new ConfigError(
      `the broker ${address} refuses ${who}: wrong user name or password`,
      "Set mqtt.user and mqtt.password to an account of the broker.",
      { cause: error },
    );
  }
  if (code === IDENTIFIER_REJECTED) {
    return new ConfigError(
      `the broker ${address} refuses the client identifier "${config.client_id}"`,
      "Set mqtt.client_id to a name that this broker accepts.",
      { cause: error },
    );
  }
  return new TransientError(
    `the broker ${address} cannot be reached: ${reason(error)}`,
    "Check mqtt.host and mqtt.port, and that the broker is running and reachable from this machine.",
    { cause: error },
  );
}

function explainLoss(error: Error, config: MqttConfig): TransientError {
  if (error instanceof BrokerBreach) return explainBreach(error, config);
  return new TransientError(
    `the connection to the broker ${config.host}:${config.port} is lost: ${reason(error)}`,
    `Check that the broker is running, and that no other client uses the name "${config.client_id}".`,
    { cause: error },
  );
}

function explainBreach(
  cause: BrokerBreach,
  { host, port, topic_prefix: prefix }: MqttConfig,
): TransientError {
  return new TransientError(
    `the agent disconnected from the broker ${host}:${port}: ${cause.message}`,
    `Check that mqtt.host and mqtt.port name your broker, and which client publishes to ${prefix}/+/detect/set.`,
    { cause },
  );
}

/** Node's AggregateError (a name with several addresses) has no message, only a code. */
function reason(error: Error): string {
  return error.message || (errorCode(error) ?? error.name);
}
