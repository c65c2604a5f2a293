import { backoffMs } from "../base/backoff.ts";
import type { Clock } from "../base/clock.ts";
import { ConfigError, TransientError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { MqttConfig } from "../config/schema.ts";
import { BrokerBreach } from "./broker-stream.ts";
import { type Connection, type Listening, openConnection } from "./connection.ts";
import { connectionLog } from "./connection-log.ts";
import { openDelivery } from "./delivery.ts";
import type { Message } from "./message.ts";
import type { Outbox } from "./outbox.ts";
import { availability } from "./topics.ts";

/** Sends messages to the broker. Disposing of it delivers what it can within two seconds and publishes `offline`. */
export interface Publisher extends AsyncDisposable {
  /**
   * Keeps a connection to the broker from now on, in the background. Call it once.
   * @param listening what the agent hears, on every connection
   */
  connect(listening?: Listening): void;
  /** Never waits and never fails: without a connection, states and events are kept, all else is dropped. */
  publish(message: Message): void;
  /** Whether there is a connection at the moment. */
  isConnected(): boolean;
}

export interface PublisherDependencies {
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly log: Log;
  /** A number from 0 up to 1. */
  readonly random: () => number;
}

const BACKOFF = { firstMs: 500, longestMs: 15_000 };
/**
 * A connection that held this long was a good one: the next failure starts with a short wait again. Longer than the
 * longest wait: two agents of one name, each of which ends the other's connection, must not take theirs for good ones.
 */
const GOOD_AFTER_MS = 30_000;
/** How often messages that are held back are looked at: whether their hour is over. */
const RETRY_HELD_BACK_MS = 60_000;
const DELIVER_WITHIN_MS = 2_000;
const LEAVE_WITHIN_MS = 500;
const LOOK_AGAIN_MS = 20;

/**
 * Opens the publisher, which is not connected yet.
 *
 * On every connection it publishes `online` and all retained states again, then sends the outbox in order, at least once.
 * One line is logged when the connection is lost or refused, and one when it is back.
 */
export function openPublisher(config: MqttConfig, dependencies: PublisherDependencies): Publisher {
  const { outbox, clock, log, random } = dependencies;
  const connections = connectionLog(config, outbox, clock, log);
  const delivery = openDelivery(outbox, log);
  const states = new Map<string, Message>();
  const leaving = new AbortController();
  let connected: Promise<void> | undefined;
  let current: { readonly connection: Connection; deliver(): void } | undefined;

  async function keepConnected(listening: Listening | undefined): Promise<void> {
    let attempt = 0;
    while (!leaving.signal.aborted) {
      const startedMs = clock.monotonicMs();
      await connectOnce(listening);
      if (leaving.signal.aborted) return;
      attempt = clock.monotonicMs() - startedMs > GOOD_AFTER_MS ? 1 : attempt + 1;
      await clock.sleep(backoffMs(attempt, BACKOFF, random), leaving.signal);
    }
  }

  /** One connection from beginning to end. */
  async function connectOnce(listening: Listening | undefined): Promise<void> {
    const over = new AbortController();
    try {
      const will = availability(config.topic_prefix, "offline");
      const connection = await openConnection(config, { will, signal: leaving.signal, listening });
      connection.send(availability(config.topic_prefix, "online"));
      for (const message of states.values()) connection.send(message);
      const { deliver, holds, ended } = delivery.start(connection);
      current = { connection, deliver };
      connections.connected();
      void noteThatItHolds(over.signal, holds);
      void retryHeldBack(over.signal, deliver);
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

  async function noteThatItHolds(over: AbortSignal, holds: () => void): Promise<void> {
    await clock.sleep(GOOD_AFTER_MS, over);
    if (over.aborted) return;
    connections.holds();
    holds();
  }

  async function retryHeldBack(over: AbortSignal, deliver: () => void): Promise<void> {
    while (!over.aborted) {
      await clock.sleep(RETRY_HELD_BACK_MS, over);
      if (!over.aborted) deliver();
    }
  }

  async function takeLeave(): Promise<void> {
    if (leaving.signal.aborted || connected === undefined) return connected;
    const untilMs = clock.monotonicMs() + DELIVER_WITHIN_MS;
    const mustWait = () => outbox.size() > outbox.heldBack() && (current !== undefined || !outbox.onDisk());
    while (mustWait() && clock.monotonicMs() < untilMs) await clock.sleep(LOOK_AGAIN_MS);
    leaving.abort();
    current?.connection.send(availability(config.topic_prefix, "offline"));
    await current?.connection.leave(LEAVE_WITHIN_MS);
    await connected;
    connections.left();
  }

  return {
    connect(listening) {
      connected = keepConnected(listening);
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
    [Symbol.asyncDispose]: takeLeave,
  };
}
