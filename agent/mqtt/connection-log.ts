import type { Clock } from "../base/clock.ts";
import { ConfigError, type TransientError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { MqttConfig } from "../config/schema.ts";
import { BrokerBreach } from "./broker-stream.ts";
import type { Outbox } from "./outbox.ts";

/** Decides which changes of the connection to the broker are worth a line in the log. */
export interface ConnectionLog {
  connected(): void;
  /** The connection has lasted for a while. */
  holds(): void;
  /** @param isOverMessage whether the broker seems to have ended the connection because of a message it got */
  failed(error: ConfigError | TransientError, isOverMessage?: boolean): void;
  queued(): void;
  left(): void;
}

/** So many connections in a row that the broker accepted and that soon ended are no accident. */
const UNSTABLE_AFTER = 3;

/**
 * Writes one line for a failure, however many attempts follow it, and one for the recovery. A connection that is accepted
 * and soon ends, again and again, is reported once with the likely reason: clients of one name end each other's
 * connection for ever (MQTT 3.1.1, section 3.1.4), or the broker breaks the protocol, or a message is too much for it.
 */
export function connectionLog(
  { host, port, client_id }: Pick<MqttConfig, "host" | "port" | "client_id">,
  outbox: Pick<Outbox, "size" | "dropped" | "onDisk">,
  clock: Clock,
  log: Log,
): ConnectionLog {
  const address = `${host}:${port}`;
  let connection: "none" | "new" | "held" = "none";
  let failing: { readonly sinceMs: number; readonly refused: boolean } | undefined;
  let shortLived = 0;
  let unstableSinceMs: number | undefined;
  let droppedBefore = 0;
  let reportedFull = false;

  const secondsSince = (ms: number) => Math.round((clock.monotonicMs() - ms) / 1000);

  function reportUnstable(error: ConfigError | TransientError, isOverMessage: boolean): void {
    unstableSinceMs = clock.monotonicMs();
    const meanwhile = "the agent tries again with longer and longer waits, and events wait";
    if (error.cause instanceof BrokerBreach) {
      log.error({ remedy: error.remedy }, `${error.message}, ${shortLived} times in a row; ${meanwhile}`);
    } else if (isOverMessage) {
      log.error(
        { remedy: "Look in the broker's log why it ends the connections." },
        `the broker ${address} ended ${shortLived} connections in a row before it acknowledged the oldest message; ${meanwhile}`,
      );
    } else {
      log.error(
        { remedy: "Give every agent at this broker an mqtt.client_id of its own." },
        `the broker ${address} accepts connections and soon ends them, ${shortLived} in a row: most likely another client ` +
          `calls itself "${client_id}" too; ${meanwhile}`,
      );
    }
  }

  return {
    connected() {
      connection = "new";
      if (unstableSinceMs !== undefined) return;
      if (failing === undefined) {
        log.info(`connected to the broker ${address}`);
      } else {
        log.info(
          { waiting: outbox.size(), dropped: outbox.dropped() - droppedBefore },
          `the broker ${address} is back after ${secondsSince(failing.sinceMs)} s; delivering what waited`,
        );
      }
      failing = undefined;
      droppedBefore = outbox.dropped();
      reportedFull = false;
    },
    holds() {
      connection = "held";
      if (unstableSinceMs === undefined) return;
      log.info(
        `the connection to the broker ${address} holds again, after ${secondsSince(unstableSinceMs)} s`,
      );
      unstableSinceMs = undefined;
    },
    failed(error, isOverMessage = false) {
      shortLived = connection === "new" ? shortLived + 1 : 0;
      connection = "none";
      // A broker that was killed does not accept the next connection, one that was asked to end ours does.
      if (shortLived === 0) unstableSinceMs = undefined;
      if (shortLived === UNSTABLE_AFTER && unstableSinceMs === undefined)
        reportUnstable(error, isOverMessage);
      if (unstableSinceMs !== undefined) return;
      const refused = error instanceof ConfigError;
      // A broker that is back but now turns the agent away is other news than one that is away.
      if (failing !== undefined && (failing.refused || !refused)) return;
      failing = { sinceMs: failing?.sinceMs ?? clock.monotonicMs(), refused };
      log[refused ? "error" : "warn"](
        { remedy: error.remedy },
        `${error.message}; trying again until it works`,
      );
    },
    queued() {
      if (reportedFull || outbox.dropped() === droppedBefore) return;
      reportedFull = true;
      log.warn(
        `the outbox is full while the broker ${address} is away: updates are dropped, then the oldest events`,
      );
    },
    left() {
      const waiting = outbox.size();
      if (waiting === 0) return;
      if (outbox.onDisk()) {
        log.info(
          { waiting },
          `leaving: ${waiting} messages for the broker ${address} wait for the next start`,
        );
      } else {
        log.warn({ lost: waiting }, `leaving: ${waiting} messages for the broker ${address} are lost`);
      }
    },
  };
}
