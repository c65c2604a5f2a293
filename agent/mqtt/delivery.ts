import type { Log } from "../base/log.ts";
import type { Entry } from "./backlog.ts";
import type { Connection } from "./connection.ts";
import type { Outbox } from "./outbox.ts";

/** Sends the outbox over one connection after another. */
export interface Delivery {
  start(connection: Pick<Connection, "send">): ConnectionDelivery;
}

/** Sends the outbox over one connection. */
export interface ConnectionDelivery {
  /** Sends what waits, as far as the window allows. Call it when something may be sent. */
  deliver(): void;
  /** The connection has lasted for a while. */
  holds(): void;
  /**
   * The connection is over.
   * @param byBroker whether the broker ended it, or the network; not the agent
   * @returns whether a message is suspected of being the reason
   */
  ended(byBroker: boolean): boolean;
}

/** Messages under way without an acknowledgement; after a break all of them are sent again. */
const MAX_IN_FLIGHT = 20;
/** So many connections in a row that ended while the same message was the oldest under way. */
const SUSPICIOUS_DEATHS = 5;

/**
 * Sends messages in order, at most 20 under way. After a connection that ended with messages under way the next one
 * starts with one message and doubles with every acknowledgement, so that a message for which the broker ends the
 * connection is found: after five such ends in a row it is held back, together with the rest of its event. When others
 * pass then, or the connection lasts, it stays behind them and is tried again every hour. When the next connection ends
 * as well, the message was not the reason: it gets its place back.
 */
export function openDelivery(
  outbox: Pick<Outbox, "take" | "takeHeldBack" | "holdBack" | "release" | "acknowledge">,
  log: Log,
): Delivery {
  let suspect: { readonly sequence: number; readonly deaths: number } | undefined;
  /** Held back, but not known to be the reason yet. */
  let onTrial: Entry | undefined;

  function convict(): void {
    if (onTrial === undefined) return;
    const { sequence, message } = onTrial;
    onTrial = undefined;
    log.warn(
      {
        topic: message.topic,
        bytes: Buffer.byteLength(message.payload),
        remedy:
          "Look in the broker's log why it ended the connections: most often it does not allow this topic, or messages of this size.",
      },
      `the broker ended ${SUSPICIOUS_DEATHS} connections in a row over message ${sequence}: the message is held back with ` +
        "the rest of its event, and sent again every hour and at each start",
    );
  }

  function start(connection: Pick<Connection, "send">): ConnectionDelivery {
    /** In the order in which they were sent. */
    const inFlight = new Map<number, Entry>();
    let window = suspect === undefined ? MAX_IN_FLIGHT : 1;
    let retried: number | undefined;

    function next(): Entry | undefined {
      // A message that was held back goes alone: the end of the connection shall say something about it.
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
          // The connection is over: the message stays in the outbox for the next one.
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
      convict();
      deliver();
    }

    return {
      deliver,
      holds: convict,
      ended(byBroker) {
        if (retried !== undefined) outbox.holdBack(retried);
        if (!byBroker) return false;
        if (onTrial !== undefined) {
          outbox.release(onTrial.sequence);
          onTrial = undefined;
          return false;
        }
        const [oldest] = inFlight.values();
        if (oldest === undefined || retried !== undefined) return false;
        const { sequence } = oldest;
        const deaths = sequence === suspect?.sequence ? suspect.deaths + 1 : 1;
        suspect = { sequence, deaths };
        if (deaths >= SUSPICIOUS_DEATHS) {
          outbox.holdBack(sequence);
          onTrial = oldest;
          suspect = undefined;
        }
        return deaths > 1;
      },
    };
  }

  return { start };
}
