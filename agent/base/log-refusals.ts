import type { Clock } from "./clock.ts";
import type { Log } from "./log.ts";
import { throttle } from "./throttle.ts";

/** A refused request of a stranger. */
export interface Refusal {
  /** The log line; refusals with the same message are counted together. It must not contain data from the stranger. */
  readonly message: string;
  /** The remote IP address. */
  readonly address: string;
  readonly remedy?: string;
}

/** Immediately at first, then after 10 s, 20 s, 40 s …, and every five minutes during a lasting attack. */
const THROTTLE = { firstMs: 10_000, longestMs: 300_000 };

/** Logs refusals at a bounded rate. A line contains the number of equal refusals that were not logged since the last one. */
export function logRefusals(
  log: Log,
  dependencies: { readonly clock: Clock; readonly signal: AbortSignal },
): (refusal: Refusal) => void {
  const reporters = new Map<string, (refusal: Refusal) => void>();
  const newReporter = () =>
    throttle({ ...dependencies, ...THROTTLE }, ({ message, ...fields }: Refusal, replaced) => {
      log.warn(fields, replaced === 0 ? message : `${message} (${replaced} more since the last line)`);
    });
  return (refusal) => {
    const report = reporters.get(refusal.message) ?? newReporter();
    reporters.set(refusal.message, report);
    report(refusal);
  };
}
