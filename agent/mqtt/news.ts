import type { Clock } from "../base/clock.ts";
import { ConfigError, type TransientError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import type { Outbox } from "./outbox.ts";

/** Decides what of a connection's ups and downs is worth a line in the log. */
export interface BrokerNews {
  connected(): void;
  failed(error: ConfigError | TransientError): void;
  queued(): void;
  left(): void;
}

/** One line for a failure, however many attempts follow it, and one for the recovery. */
export function brokerNews(address: string, outbox: Outbox, clock: Clock, log: Log): BrokerNews {
  let failing: { readonly sinceMs: number; readonly refused: boolean } | undefined;
  let droppedBefore = 0;

  return {
    connected() {
      if (failing === undefined) {
        log.info(`connected to the broker ${address}`);
      } else {
        const away = Math.round((clock.monotonicMs() - failing.sinceMs) / 1000);
        const dropped = outbox.dropped() - droppedBefore;
        log.info(
          { waiting: outbox.size(), dropped },
          `the broker ${address} is back after ${away} s; delivering what waited`,
        );
      }
      failing = undefined;
      droppedBefore = outbox.dropped();
    },
    failed(error) {
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
      if (outbox.dropped() === droppedBefore + 1) {
        log.warn(`the outbox is full while the broker ${address} is away: the oldest events are dropped`);
      }
    },
    left() {
      if (outbox.size() > 0) {
        log.warn(
          { lost: outbox.size() },
          `leaving without the broker ${address}: ${outbox.size()} events could not be delivered`,
        );
      }
    },
  };
}
