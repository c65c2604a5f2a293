import type { Message } from "./message.ts";

/** A message that has not been acknowledged yet. */
export interface OutboxEntry {
  /** Counts up from 1 in the order of `add`. */
  readonly sequence: number;
  readonly message: Message;
}

/** Messages that must arrive, in order, until the broker has acknowledged them. */
export interface Outbox {
  /** Never fails and never waits. */
  add(message: Message): void;
  /** The oldest message with a higher sequence than `after`. */
  next(after: number): OutboxEntry | undefined;
  /** Forgets a message: it was acknowledged. */
  remove(sequence: number): void;
  size(): number;
  /** Messages thrown away because there was no room. */
  dropped(): number;
}

/**
 * An outbox in memory.
 * @param limit how many messages it holds at most; one more, and the oldest goes: what happens now matters more than
 * what happened before a long outage.
 */
export function memoryOutbox(limit: number): Outbox {
  const entries = new Map<number, Message>();
  let last = 0;
  let dropped = 0;
  return {
    add(message) {
      entries.set(++last, message);
      const [oldest] = entries.keys();
      if (entries.size > limit && oldest !== undefined) {
        entries.delete(oldest);
        dropped++;
      }
    },
    next(after) {
      // A Map iterates in the order of insertion, which is that of the sequence.
      for (const [sequence, message] of entries) if (sequence > after) return { sequence, message };
      return undefined;
    },
    remove: (sequence) => void entries.delete(sequence),
    size: () => entries.size,
    dropped: () => dropped,
  };
}
