import type { Clock } from "../base/clock.ts";
import { ConfigError, type TransientError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { MqttConfig } from "../config/schema.ts";
import { BrokerBreach } from "./broker-stream.ts";
import { type Echo, unheardError } from "./echo.ts";
import type { Outbox } from "./outbox.ts";

/** Logs the changes of the connection to the broker, without repetition. */
export interface ConnectionLog {
  connected(): void;
  /** The connection has lasted long enough to count as stable. */
  markStable(): void;
  /** @param isOverMessage whether the broker probably ended the connection because of a message */
  failed(error: ConfigError | TransientError, isOverMessage?: boolean): void;
  queued(): void;
  /** Whether the broker has returned the agent's own message. */
  echoed(echo: Echo): void;
  stopped(): void;
}

/** Reported as unstable: this many connections in a row that the broker accepted and that soon ended. */
const UNSTABLE_AFTER = 3;

/**
 * Writes one line for a failure, regardless of the number of retries, and one for the recovery. Connections that the broker
 * repeatedly accepts and that soon end are reported once with the likely reason: two clients with the same name end each
 * other's connections (MQTT 3.1.1, section 3.1.4), the broker violates the protocol, or it does not accept a message.
 */
export function connectionLog(
  config: Pick<MqttConfig, "host" | "port" | "client_id" | "user" | "topic_prefix">,
  outbox: Pick<Outbox, "size" | "dropped" | "onDisk">,
  clock: Clock,
  log: Log,
): ConnectionLog {
  const { client_id } = config;
  const address = `${config.host}:${config.port}`;
  let connection: "none" | "new" | "held" = "none";
  let failing: { readonly sinceMs: number; readonly refused: boolean } | undefined;
  let shortLived = 0;
  let unstableSinceMs: number | undefined;
  let droppedBefore = 0;
  let reportedFull = false;
  let isUnheard = false;

  const secondsSince = (ms: number) => Math.round((clock.monotonicMs() - ms) / 1000);

  function reportUnstable(error: ConfigError | TransientError, isOverMessage: boolean): void {
    unstableSinceMs = clock.monotonicMs();
    const meanwhile = "the agent retries with increasing delays and stores events";
    if (error.cause instanceof BrokerBreach) {
      log.error({ remedy: error.remedy }, `${error.message}, ${shortLived} times in a row; ${meanwhile}`);
    } else if (isOverMessage) {
      log.error(
        { remedy: "Check the broker's log for the reason." },
        `the broker ${address} ended ${shortLived} connections in a row before it acknowledged the oldest message; ${meanwhile}`,
      );
    } else {
      log.error(
        { remedy: "Give every agent at this broker an mqtt.client_id of its own." },
        `the broker ${address} accepts connections and soon ends them, ${shortLived} in a row: probably another client uses ` +
          `the name "${client_id}" too; ${meanwhile}`,
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
          `the broker ${address} is back after ${secondsSince(failing.sinceMs)} s; delivering the stored messages`,
        );
      }
      failing = undefined;
      droppedBefore = outbox.dropped();
      reportedFull = false;
    },
    markStable() {
      connection = "held";
      if (unstableSinceMs === undefined) return;
      log.info(
        `the connection to the broker ${address} is stable again after ${secondsSince(unstableSinceMs)} s`,
      );
      unstableSinceMs = undefined;
    },
    failed(error, isOverMessage = false) {
      shortLived = connection === "new" ? shortLived + 1 : 0;
      connection = "none";
      // A broker that was killed does not accept the next connection; one that ended only ours does.
      if (shortLived === 0) unstableSinceMs = undefined;
      if (shortLived === UNSTABLE_AFTER && unstableSinceMs === undefined)
        reportUnstable(error, isOverMessage);
      if (unstableSinceMs !== undefined) return;
      const refused = error instanceof ConfigError;
      // A broker that is back but refuses the agent is reported, even if its absence was reported before.
      if (failing !== undefined && (failing.refused || !refused)) return;
      failing = { sinceMs: failing?.sinceMs ?? clock.monotonicMs(), refused };
      log[refused ? "error" : "warn"]({ remedy: error.remedy }, `${error.message}; retrying until it works`);
    },
    queued() {
      if (reportedFull || outbox.dropped() === droppedBefore) return;
      reportedFull = true;
      log.warn(
        `the outbox is full while the broker ${address} is away: updates are dropped, then the oldest events`,
      );
    },
    echoed(echo) {
      if (echo.kind === "missing" && !isUnheard) {
        isUnheard = true;
        const { message, remedy } = unheardError(config, echo.topics, [`${config.topic_prefix}/#`]);
        log.error({ remedy }, message);
      } else if (echo.kind === "heard" && isUnheard) {
        isUnheard = false;
        log.info(`the broker ${address} passes the agent's messages on again`);
      }
    },
    stopped() {
      const waiting = outbox.size();
      if (waiting === 0) return;
      if (outbox.onDisk()) {
        log.info(
          { waiting },
          `stopping: ${waiting} messages for the broker ${address} are stored for the next start`,
        );
      } else {
        log.warn({ lost: waiting }, `stopping: ${waiting} messages for the broker ${address} are lost`);
      }
    },
  };
}
