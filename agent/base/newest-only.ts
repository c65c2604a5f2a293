/** How many items `newestOnly` has delivered and dropped. */
export interface NewestOnlyCounts {
  readonly delivered: number;
  readonly dropped: number;
}

/** The newest items of a source, and how many were dropped. */
export interface NewestOnly<T> extends AsyncIterable<T, void, undefined> {
  counts(): NewestOnlyCounts;
}

interface Waiting<T> {
  readonly item: T;
  /** A newer item does not replace it. */
  readonly stays: boolean;
}

/**
 * Keeps only the newest item of `source` while the consumer is busy, and those that must wait, and counts the items it drops.
 *
 * The source is read continuously, so that old frames never accumulate in the pipe behind a slow detector. The last item
 * is always delivered, followed by the source's end or error. Leaving the loop closes the source. One consumer.
 * @param replace combines a waiting item with a newer one: returns the newer one, with the data of the older one that
 * must not be lost.
 * @param mustWait called for each item as it arrives, with the number of items that wait: whether the item waits for the
 * consumer even if a newer one arrives. Bounds the memory.
 */
export function newestOnly<T>(
  source: AsyncIterable<T>,
  replace: (older: T, newer: T) => T = (_, newer) => newer,
  mustWait: (item: T, waiting: number) => boolean = () => false,
): NewestOnly<T> {
  let delivered = 0;
  let dropped = 0;

  async function* consume(): AsyncGenerator<T, void, undefined> {
    const items = source[Symbol.asyncIterator]();
    const waiting: Waiting<T>[] = [];
    let ending: { readonly error?: unknown } | undefined;
    let left = false;
    let wake = () => {};

    const reading = (async () => {
      try {
        for (let next = await items.next(); next.done !== true && !left; next = await items.next()) {
          const stays = mustWait(next.value, waiting.length);
          const last = waiting.at(-1);
          if (last === undefined || last.stays) waiting.push({ item: next.value, stays });
          else {
            dropped++;
            waiting.splice(-1, 1, { item: replace(last.item, next.value), stays });
          }
          wake();
        }
        ending = {};
      } catch (error) {
        ending = { error };
      }
      wake();
    })();

    try {
      while (true) {
        for (let first = waiting.shift(); first !== undefined; first = waiting.shift()) {
          delivered++;
          yield first.item;
        }
        if (ending !== undefined) break;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      left = true;
      // A generator's return() waits for the pending next(); the reader then sees `left` and stops.
      if (ending === undefined) await items.return?.();
      await reading;
    }
    if (ending !== undefined && "error" in ending) throw ending.error;
  }

  return { counts: () => ({ delivered, dropped }), [Symbol.asyncIterator]: consume };
}
