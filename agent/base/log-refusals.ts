import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";
import { throttle } from "./throttle.ts";

/** Why a stranger was refused. */
export interface Refusal {
  /** The line of the log: refusals with the same words are counted together. It must not hold anything they sent. */
  readonly message: string;
  /** The IP address that it came from. */
  readonly address: string;
  readonly remedy?: string;
}

/** At once the first time, then after 10 s, 20 s, 40 s …, and under a lasting attack every five minutes. */
const THROTTLE = { firstMs: 10_000, longestMs: 300_000 };

/** Logs refusals at a bounded rate. A line says how many of its kind were not logged since the line before. */
export function logRefusals(
  log: Log,
  dependencies: { readonly clock: Clock; readonly signal: AbortSignal },
): (refusal: Refusal) => void {
  const tellers = new Map<string, (refusal: Refusal) => void>();
  const newTeller = () =>
    throttle({ ...dependencies, ...THROTTLE }, ({ message, ...fields }: Refusal, replaced) => {
      log.warn(fields, replaced === 0 ? message : `${message} (${replaced} more since the last line)`);
    });
  return (refusal) => {
    const tell = tellers.get(refusal.message) ?? newTeller();
    tellers.set(refusal.message, tell);
    tell(refusal);
  };
}
