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
}

/** The most messages in flight; after the connection breaks all of them are sent again. */
const MAX_IN_FLIGHT = 20;
/** A message is held back after this many connections in a row ended while it was the oldest in flight. */
const FAILURES_BEFORE_HOLDING_BACK = 5;

/**
 * Sends messages in order, at most 20 in flight. After a connection that ended with messages in flight, the window of the
 * next one starts at one message and doubles with every acknowledgement. That identifies a message for which the broker
 * ends the connection: after five such failures in a row it is held back, together with the rest of its event. If the
 * broker then acknowledges other messages, or the connection lasts, the message stays held back and is retried every hour.
 * If the next connection ends as well, the message was not the reason and returns to its position.
 */
export function openDelivery(
  outbox: Pick<Outbox, "take" | "takeHeldBack" | "holdBack" | "release" | "acknowledge">,
  log: Log,
): Delivery {
  let suspect: { readonly sequence: number; readonly failures: number } | undefined;
  /** Held back, but not confirmed as the reason yet. */
  let unconfirmed: Entry | undefined;

  function confirmHeldBack(): void {
    if (unconfirmed === undefined) return;
    const { sequence, message } = unconfirmed;
    unconfirmed = undefined;
    log.warn(
      {
        topic: message.topic,
        bytes: Buffer.byteLength(message.payload),
        remedy:
          "Check the broker's log for the reason: most often it does not allow this topic, or messages of this size.",
      },
      `the broker ended ${FAILURES_BEFORE_HOLDING_BACK} connections in a row over message ${sequence}: the message and ` +
        "the rest of its event are held back, and sent again every hour and at each start",
    );
  }

  function start(connection: Pick<Connection, "send">): ConnectionDelivery {
    /** In the order of sending. */
    const inFlight = new Map<number, Entry>();
    let window = suspect === undefined ? MAX_IN_FLIGHT : 1;
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
        if (!byBroker) return false;
        if (unconfirmed !== undefined) {
          outbox.release(unconfirmed.sequence);
          unconfirmed = undefined;
          return false;
        }
        const [oldest] = inFlight.values();
        if (oldest === undefined || retried !== undefined) return false;
        const { sequence } = oldest;
        const failures = sequence === suspect?.sequence ? suspect.failures + 1 : 1;
        suspect = { sequence, failures };
        if (failures >= FAILURES_BEFORE_HOLDING_BACK) {
          outbox.holdBack(sequence);
          unconfirmed = oldest;
          suspect = undefined;
        }
        return failures > 1;
      },
    };
  }

  return { start };
}
