import { addressGroup } from "../../base/address-group.ts";
import type { Clock } from "../../base/clock.ts";

/** How to answer a wrong token. */
export type WrongAnswer =
  /** After this delay. */
  | { readonly afterMs: number }
  /** At once and without counting it: too many requests from this address are waiting for an answer. */
  | { readonly tooManyForMs: number };

interface Attempted {
  readonly failures: number;
  readonly lastMs: number;
  /** When the pending answers are due. */
  readonly dueMs: readonly number[];
}

/** Short, for typing errors. */
const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 8_000;
/** Pending answers per address. */
const MOST_PENDING = 3;
const FORGET_AFTER_MS = 600_000;
/** Beyond this number, the address with the oldest attempt is forgotten. */
const MOST_ADDRESSES = 1_000;

/**
 * Counts wrong tokens per address, or per /64 network for IPv6, and determines when to answer: the delay doubles with each
 * wrong token, up to 8 s, and is reset after ten minutes without one. There is no limit for all addresses together: a
 * stranger could use it to lock out everyone.
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
    // Deleting and setting moves the entry to the end of the map, so that the first entry has the oldest attempt.
    attempts.delete(group);
    attempts.set(group, { failures: failures + 1, lastMs: nowMs, dueMs: [...pending, nowMs + afterMs] });
    const [oldest] = attempts.keys();
    if (attempts.size > MOST_ADDRESSES && oldest !== undefined) attempts.delete(oldest);
    return { afterMs };
  };
}
