import type { AccessUnit } from "./access-unit.ts";

/** Holds access units until the consumer takes them. */
export interface UnitQueue {
  push(unit: AccessUnit): void;
  /** Ends the queue after the access units that it holds, with an error or without one. */
  end(error?: Error): void;
  /** For one consumer. Leaving the loop ends the queue. */
  units(): AsyncIterable<AccessUnit>;
}

/** The most that the queue of one camera holds: several seconds of any stream. */
const MOST_BYTES = 16 * 2 ** 20;
const MOST_UNITS = 500;

/**
 * Creates an empty queue. A consumer that falls behind loses everything that the queue holds, and the next access unit is
 * marked as damaged. Data that is seconds old is of no use, and no part of it could be decoded without the rest.
 */
export function createUnitQueue(): UnitQueue {
  let held: AccessUnit[] = [];
  let bytes = 0;
  let isDropped = false;
  let ended: { readonly error: Error | undefined } | undefined;
  let waiting: PromiseWithResolvers<IteratorResult<AccessUnit>> | undefined;

  function finish(error: Error | undefined): void {
    if (error === undefined) waiting?.resolve({ done: true, value: undefined });
    else waiting?.reject(error);
    waiting = undefined;
  }

  const iterator: AsyncIterator<AccessUnit, undefined> = {
    next() {
      const unit = held.shift();
      if (unit !== undefined) {
        bytes -= unit.bytes;
        return Promise.resolve({ done: false, value: unit });
      }
      if (ended === undefined) {
        waiting = Promise.withResolvers();
        return waiting.promise as Promise<IteratorResult<AccessUnit, undefined>>;
      }
      const { error } = ended;
      // An error is thrown once, like that of a generator.
      ended = { error: undefined };
      return error === undefined ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(error);
    },
    return() {
      held = [];
      ended = { error: undefined };
      finish(undefined);
      return Promise.resolve({ done: true, value: undefined });
    },
  };

  return {
    push(unit) {
      if (ended !== undefined) return;
      if (held.length >= MOST_UNITS || bytes + unit.bytes > MOST_BYTES) {
        held = [];
        bytes = 0;
        isDropped = true;
      }
      const next = isDropped ? { ...unit, isDamaged: true } : unit;
      isDropped = false;
      if (waiting === undefined) {
        held.push(next);
        bytes += next.bytes;
      } else {
        waiting.resolve({ done: false, value: next });
        waiting = undefined;
      }
    },
    end(error) {
      if (ended !== undefined) return;
      ended = { error };
      if (waiting === undefined) return;
      ended = { error: undefined };
      finish(error);
    },
    units: () => ({ [Symbol.asyncIterator]: () => iterator }),
  };
}
