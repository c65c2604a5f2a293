import type { Log } from "../base/log.ts";
import type { Entry } from "./backlog.ts";
import type { Connection } from "./connection.ts";
import type { Outbox } from "./outbox.ts";

/** Sends the outbox over successive connections. */
export interface Delivery {
  start(connection: Pick<Connection, "send">): ConnectionDelivery;
}

/** Sends the outbox over one connection. */
export interface ConnectionDelivery {
  /** Sends waiting messages, as far as the window allows. Call it when a message may be sent. */
  deliver(): void;
  /** The connection has lasted long enough to count as stable. */
  markStable(): void;
  /**
   * The connection has ended.
   * @param byBroker whether the broker or the network ended it, not the agent
   * @returns whether a message is suspected to be the reason
   */
  ended(byBroker: boolean): boolean;
  /** The sequence of the oldest message in flight. */
  oldestInFlight(): number | undefined;
}

/** The most messages in flight; after the connection breaks all of them are sent again. */
const MAX_IN_FLIGHT = 20;
/** A message is held back after this many connections in a row ended while it was the oldest in flight. */
const FAILURES_BEFORE_HOLDING_BACK = 5;
/** The same number while it is unknown whether the last message that was held back was the reason. */
const FAILURES_OF_FURTHER_SUSPECTS = 2;
/** When this many were held back and still nothing passes, the broker is the reason. */
const MAX_UNCONFIRMED = 20;

/**
 * Sends messages in order, at most 20 in flight. After a connection that ended with messages in flight, the window of the
 * next one starts at one message and doubles with every acknowledgement. That identifies a message for which the broker
 * ends the connection: after five such failures in a row it is held back, together with the rest of its event. If the
 * broker then acknowledges other messages, or the connection lasts, the message stays held back and is retried every hour.
 * If connections still end, the messages that follow are tried in the same way. If one ends with nothing in flight, or too
 * many messages were held back, the broker is the reason, and all of them return to their positions.
 */
export function openDelivery(
  outbox: Pick<Outbox, "take" | "takeHeldBack" | "holdBack" | "release" | "acknowledge">,
  log: Log,
): Delivery {
  let suspect: { readonly sequence: number; readonly failures: number } | undefined;
  /** Held back, but not confirmed as the reason yet. */
  let unconfirmed: readonly Entry[] = [];
  /** Whether the last connection ended with messages in flight: the next one sends a single message first. */
  let isCautious = false;

  function confirmHeldBack(): void {
    const confirmed = unconfirmed;
    unconfirmed = [];
    for (const entry of confirmed) reportHeldBack(entry);
  }

  function releaseUnconfirmed(): void {
    for (const { sequence } of unconfirmed) outbox.release(sequence);
    unconfirmed = [];
    suspect = undefined;
  }

  function reportHeldBack({ sequence, message }: Entry): void {
    log.warn(
      {
        topic: message.topic,
        bytes: Buffer.byteLength(message.payload),
        remedy:
          "Check the broker's log for the reason: most often it does not allow this topic, or messages of this size.",
      },
      `the broker ended several connections in a row over message ${sequence}: the message and ` +
        "the rest of its event are held back, and sent again every hour and at each start",
    );
  }

  function start(connection: Pick<Connection, "send">): ConnectionDelivery {
    /** In the order of sending. */
    const inFlight = new Map<number, Entry>();
    let window = isCautious ? 1 : MAX_IN_FLIGHT;
    let retried: number | undefined;

    function next(): Entry | undefined {
      // A message that was held back is sent alone: if the connection ends, the message is the reason.
      if (inFlight.size >= window || retried !== undefined) return undefined;
      const entry = outbox.take();
      if (entry !== undefined || inFlight.size > 0) return entry;
      const heldBack = outbox.takeHeldBack();
      retried = heldBack?.sequence;
      return heldBack;
    }

    function deliver(): void {
      for (let entry = next(); entry !== undefined; entry = next()) {
        const { sequence, message } = entry;
        inFlight.set(sequence, entry);
        connection.send(message, (error) => {
          // After an error the message stays in the outbox for the next connection.
          if (error === undefined) acknowledged(sequence);
        });
      }
    }

    function acknowledged(sequence: number): void {
      inFlight.delete(sequence);
      outbox.acknowledge(sequence);
      window = Math.min(2 * window, MAX_IN_FLIGHT);
      if (sequence === suspect?.sequence) suspect = undefined;
      if (sequence === retried) retried = undefined;
      confirmHeldBack();
      deliver();
    }

    return {
      deliver,
      markStable: confirmHeldBack,
      ended(byBroker) {
        if (retried !== undefined) outbox.holdBack(retried);
        isCautious = inFlight.size > 0;
        if (!byBroker || retried !== undefined) return false;
        const [oldest] = inFlight.values();
        if (oldest === undefined || unconfirmed.length >= MAX_UNCONFIRMED) {
          releaseUnconfirmed();
          return false;
        }
        const { sequence } = oldest;
        const failures = sequence === suspect?.sequence ? suspect.failures + 1 : 1;
        suspect = { sequence, failures };
        const isFirst = unconfirmed.length === 0;
        if (failures >= (isFirst ? FAILURES_BEFORE_HOLDING_BACK : FAILURES_OF_FURTHER_SUSPECTS)) {
          outbox.holdBack(sequence);
          unconfirmed = [...unconfirmed, oldest];
          suspect = undefined;
        }
        return failures > 1 || !isFirst;
      },
      oldestInFlight: () => inFlight.keys().next().value,
    };
  }

  return { start };
}
