import type { Clock } from "../base/clock.ts";
import { ConfigError, type TransientError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { MqttConfig } from "../config/schema.ts";
import type { Outbox } from "./outbox.ts";

/** Decides what of a connection's ups and downs is worth a line in the log. */
export interface BrokerNews {
  connected(): void;
  /** The connection has lasted for a while. */
  holds(): void;
  failed(error: ConfigError | TransientError): void;
  queued(): void;
  left(): void;
}

/** So many connections in a row that the broker accepted and soon ended are no accident. */
const CONTESTED_AFTER = 3;

/**
 * One line for a failure, however many attempts follow it, and one for the recovery. Clients of one name throw each other
 * out for ever (MQTT 3.1.1, section 3.1.4): that is told once as well.
 */
export function brokerNews(
  { host, port, client_id }: Pick<MqttConfig, "host" | "port" | "client_id">,
  outbox: Pick<Outbox, "size" | "dropped" | "onDisk">,
  clock: Clock,
  log: Log,
): BrokerNews {
  const address = `${host}:${port}`;
  let connection: "none" | "new" | "held" = "none";
  let failing: { readonly sinceMs: number; readonly refused: boolean } | undefined;
  let shortLived = 0;
  let contestedSinceMs: number | undefined;
  let droppedBefore = 0;
  let toldFull = false;

  const secondsSince = (ms: number) => Math.round((clock.monotonicMs() - ms) / 1000);

  function tellContest(): void {
    contestedSinceMs = clock.monotonicMs();
    log.error(
      { remedy: "Give every agent at this broker an mqtt.client_id of its own." },
      `the broker ${address} accepts connections and soon ends them, ${shortLived} in a row: most likely another client ` +
        `calls itself "${client_id}" too; trying again, less and less often, while events wait`,
    );
  }

  return {
    connected() {
      connection = "new";
      if (contestedSinceMs !== undefined) return;
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
      toldFull = false;
    },
    holds() {
      connection = "held";
      if (contestedSinceMs === undefined) return;
      log.info(
        `the connection to the broker ${address} holds again, after ${secondsSince(contestedSinceMs)} s`,
      );
      contestedSinceMs = undefined;
    },
    failed(error) {
      shortLived = connection === "new" ? shortLived + 1 : 0;
      connection = "none";
      // A broker that was killed does not accept the next connection, one that was asked to drop us does.
      if (shortLived === 0) contestedSinceMs = undefined;
      if (shortLived === CONTESTED_AFTER && contestedSinceMs === undefined) tellContest();
      if (contestedSinceMs !== undefined) return;
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
      if (toldFull || outbox.dropped() === droppedBefore) return;
      toldFull = true;
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
