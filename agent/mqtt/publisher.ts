import { backoffMs } from "../base/backoff.ts";
import type { Clock } from "../base/clock.ts";
import { ConfigError, TransientError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { MqttConfig } from "../config/schema.ts";
import { BrokerBreach } from "./broker-stream.ts";
import { type Connection, openConnection, type Subscription } from "./connection.ts";
import { connectionLog } from "./connection-log.ts";
import { type ConnectionDelivery, openDelivery } from "./delivery.ts";
import { echoOf } from "./echo.ts";
import type { Message } from "./message.ts";
import type { Outbox } from "./outbox.ts";
import { availability } from "./topics.ts";

/** Sends messages to the broker. Disposing of it delivers messages for up to two seconds and publishes `offline`. */
export interface Publisher extends AsyncDisposable {
  /**
   * Keeps a connection to the broker in the background. Call it once.
   * @param subscription the agent subscribes on every connection
   */
  connect(subscription?: Subscription): void;
  /** Never waits and never fails. Without a connection states and events are stored, other messages are dropped. */
  publish(message: Message): void;
  /** Whether the publisher is connected now. */
  isConnected(): boolean;
}

export interface PublisherDependencies {
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly log: Log;
  /** A number from 0 up to 1. */
  readonly random: () => number;
  /** Opens a connection. Default: MQTT over TCP or TLS. */
  readonly connect?: typeof openConnection;
}

interface Checked extends Pick<ConnectionDelivery, "deliver" | "oldestInFlight"> {
  readonly connection: Connection;
}

const BACKOFF = { firstMs: 500, longestMs: 15_000 };
/**
 * A connection that lasted this long was stable: the backoff starts from the beginning. It is longer than the longest
 * backoff: two agents with the same name, which end each other's connections, must not count as stable.
 */
const STABLE_AFTER_MS = 30_000;
/** How long a broker may take for an acknowledgement. */
const ACKNOWLEDGE_WITHIN_MS = 60_000;
/** How often that is checked, and whether the hour of messages that are held back has passed. */
const CHECK_DELIVERY_MS = 30_000;
/** How long a broker may take to return the agent's own message. */
const ECHO_WITHIN_MS = 10_000;
const DELIVER_WITHIN_MS = 2_000;
const DISCONNECT_WITHIN_MS = 500;
const POLL_EVERY_MS = 20;

/**
 * Opens the publisher. It does not connect yet.
 *
 * On every connection it publishes `online` and all retained messages, then sends the outbox in order, at least once.
 * It logs one line when the connection is lost or refused, and one when it is back.
 */
export function openPublisher(config: MqttConfig, dependencies: PublisherDependencies): Publisher {
  const { outbox, clock, log, random, connect = openConnection } = dependencies;
  const connections = connectionLog(config, outbox, clock, log);
  const delivery = openDelivery(outbox, log);
  const states = new Map<string, Message>();
  const leaving = new AbortController();
  let connected: Promise<void> | undefined;
  let current: { readonly connection: Connection; deliver(): void } | undefined;

  async function keepConnected(subscription: Subscription | undefined): Promise<void> {
    let attempt = 0;
    while (!leaving.signal.aborted) {
      const startedMs = clock.monotonicMs();
      await connectOnce(subscription);
      if (leaving.signal.aborted) return;
      attempt = clock.monotonicMs() - startedMs > STABLE_AFTER_MS ? 1 : attempt + 1;
      await clock.sleep(backoffMs(attempt, BACKOFF, random), leaving.signal);
    }
  }

  /** Handles one connection from its beginning to its end. */
  async function connectOnce(subscription: Subscription | undefined): Promise<void> {
    const over = new AbortController();
    try {
      const will = availability(config.topic_prefix, "offline");
      const connection = await connect(config, { will, signal: leaving.signal, subscription });
      void sendOnline(over.signal, connection);
      for (const message of states.values()) connection.send(message);
      const { deliver, markStable, ended, oldestInFlight } = delivery.start(connection);
      current = { connection, deliver };
      connections.connected();
      void reportStable(over.signal, markStable);
      void checkDelivery(over.signal, { connection, deliver, oldestInFlight });
      await outbox.startDelivery();
      deliver();
      const lostBecause = await connection.ended;
      if (leaving.signal.aborted) return;
      connections.failed(lostBecause, ended(!(lostBecause.cause instanceof BrokerBreach)));
    } catch (error) {
      if (!(error instanceof ConfigError || error instanceof TransientError)) throw error;
      if (!leaving.signal.aborted) connections.failed(error);
    } finally {
      over.abort();
      current = undefined;
      outbox.endDelivery();
    }
  }

  /** Reports `online`, and whether subscribers receive it. A retained message proves nothing: it may be an old one. */
  async function sendOnline(over: AbortSignal, connection: Connection): Promise<void> {
    const online = availability(config.topic_prefix, "online");
    const rules = { clock, signal: over, withinMs: ECHO_WITHIN_MS, isRetained: false };
    connections.echoed(await echoOf(connection, [online], rules));
  }

  async function reportStable(over: AbortSignal, markStable: () => void): Promise<void> {
    await clock.sleep(STABLE_AFTER_MS, over);
    if (over.aborted) return;
    connections.markStable();
    markStable();
  }

  /** Retries messages that were held back, and ends a connection on which the broker does not acknowledge a message. */
  async function checkDelivery(
    over: AbortSignal,
    { connection, deliver, oldestInFlight }: Checked,
  ): Promise<void> {
    let oldest: number | undefined;
    let sinceMs = 0;
    while (!over.aborted) {
      await clock.sleep(CHECK_DELIVERY_MS, over);
      if (over.aborted) return;
      deliver();
      const nowMs = clock.monotonicMs();
      if (oldest === undefined || oldest !== oldestInFlight()) {
        oldest = oldestInFlight();
        sinceMs = nowMs;
      } else if (nowMs - sinceMs >= ACKNOWLEDGE_WITHIN_MS) {
        connection.abort(new Error("it does not acknowledge a message within a minute"));
      }
    }
  }

  async function disconnect(): Promise<void> {
    if (leaving.signal.aborted || connected === undefined) return connected;
    const untilMs = clock.monotonicMs() + DELIVER_WITHIN_MS;
    const mustWait = () => outbox.size() > outbox.heldBack() && (current !== undefined || !outbox.onDisk());
    while (mustWait() && clock.monotonicMs() < untilMs) await clock.sleep(POLL_EVERY_MS);
    leaving.abort();
    current?.connection.send(availability(config.topic_prefix, "offline"));
    await current?.connection.disconnect(DISCONNECT_WITHIN_MS);
    await connected;
    connections.stopped();
  }

  return {
    connect(subscription) {
      connected = keepConnected(subscription);
    },
    publish(message) {
      if (message.retain) states.set(message.topic, message);
      if (message.qos === 0 || message.retain) {
        current?.connection.send(message);
      } else {
        void outbox.add(message).then(() => current?.deliver());
        connections.queued();
      }
    },
    isConnected: () => current !== undefined,
    [Symbol.asyncDispose]: disconnect,
  };
}
