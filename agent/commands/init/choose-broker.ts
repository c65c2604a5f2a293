import { systemClock } from "../../base/clock.ts";
import { ConfigError, TransientError } from "../../base/errors.ts";
import { tryBroker } from "../check/try-broker.ts";
import type { FirstAnswers } from "./first-config.ts";
import { readBack } from "./read-back.ts";

export type Broker = FirstAnswers["broker"];

/** What to do after a broker has failed: try it again, keep it as it is, or use another one. */
export type BrokerAnswer = "again" | "keep" | Broker;

export interface BrokerTrial {
  /** Tries a broker with its login. Rejects with ConfigError or TransientError. */
  readonly attempt: (broker: Broker) => Promise<void>;
  /** Asks the user after a failure; undefined without a terminal. */
  readonly ask: ((broker: Broker) => Promise<BrokerAnswer>) | undefined;
  readonly note: (line: string) => void;
}

/**
 * Tries the broker and its login before they are written. After a failure, asks the user for other answers. Without a
 * terminal, a broker that cannot be reached is kept: it may be away.
 * @throws ConfigError without a terminal, if the broker refuses the agent
 */
export async function chooseBroker(first: Broker, { attempt, ask, note }: BrokerTrial): Promise<Broker> {
  let broker = first;
  for (;;) {
    const error = await attempt(broker).then(() => undefined, expected);
    if (error === undefined) {
      note(`✓ broker: ${broker.host} accepts the agent, and passes its messages on`);
      return broker;
    }
    if (ask === undefined && error instanceof ConfigError) throw withWayAround(error);
    note(`✗ ${error.message}\n  → ${error.remedy}`);
    const answer = ask === undefined ? "keep" : await ask(broker);
    if (answer === "keep") return broker;
    if (answer !== "again") broker = answer;
  }
}

function expected(error: unknown): ConfigError | TransientError {
  if (error instanceof ConfigError || error instanceof TransientError) return error;
  throw error;
}

function withWayAround(cause: ConfigError): ConfigError {
  const { message, remedy } = cause;
  return new ConfigError(message, `${remedy} Or write the configuration without trying it: --no-probe.`, {
    cause,
  });
}

/** Connects to a broker as `run` will do with the files that `init` writes, and publishes a test message. */
export async function attemptBroker(broker: Broker, signal: AbortSignal): Promise<void> {
  const camera = { name: "camera", address: "rtsp://127.0.0.1/" };
  const { mqtt, homeassistant } = readBack({
    broker,
    model: "m.wasm",
    track: ["person"],
    homeAssistant: false,
    snapshots: false,
    viewToken: undefined,
    cameras: [camera],
  });
  await tryBroker({ mqtt, homeassistant, cameras: [] }, { clock: systemClock, signal });
}
