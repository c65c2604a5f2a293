import { addressGroup } from "../../base/address-group.ts";
import type { Clock } from "../../base/clock.ts";

/** How a wrong token is answered. */
export type WrongAnswer =
  /** After this time. */
  | { readonly afterMs: number }
  /** At once, without having counted it: too many from this address wait for their answer. */
  | { readonly tooManyForMs: number };

interface Attempted {
  readonly failures: number;
  readonly lastMs: number;
  /** When the answers that wait are due. */
  readonly dueMs: readonly number[];
}

/** A typing error costs a quarter of a second. */
const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 8_000;
/** Answers that one address waits for at a time. */
const MOST_PENDING = 3;
const FORGET_AFTER_MS = 600_000;
/** Beyond this many addresses the one that has been quiet for longest is forgotten. */
const MOST_ADDRESSES = 1_000;

/**
 * Counts wrong tokens by address, or by /64 network of IPv6, and says when each is answered: the delay doubles with each,
 * up to 8 s, and starts again after ten minutes without one. There is no limit over all addresses, by which a stranger
 * could keep everyone out.
 */
export function countAttempts(clock: Clock): (address: string) => WrongAnswer {
  const attempts = new Map<string, Attempted>();

  return (address) => {
    const nowMs = clock.monotonicMs();
    const group = addressGroup(address);
    const known = attempts.get(group);
    const isRecent = known !== undefined && nowMs - known.lastMs < FORGET_AFTER_MS;
    const { failures, dueMs } = isRecent ? known : { failures: 0, dueMs: [] };
    const pending = dueMs.filter((due) => due > nowMs);
    if (pending.length >= MOST_PENDING) return { tooManyForMs: Math.min(...pending) - nowMs };

    const afterMs = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(failures, 10));
    // Taken out first: a map keeps its order of insertion, and the first is to be the one that was quiet for longest.
    attempts.delete(group);
    attempts.set(group, { failures: failures + 1, lastMs: nowMs, dueMs: [...pending, nowMs + afterMs] });
    const [quietest] = attempts.keys();
    if (attempts.size > MOST_ADDRESSES && quietest !== undefined) attempts.delete(quietest);
    return { afterMs };
  };
}
