/** How many items a `newestOnly` has let through and replaced. */
export interface NewestOnlyCounts {
  readonly delivered: number;
  readonly dropped: number;
}

/** The newest items of a source, and how many were skipped. */
export interface NewestOnly<T> extends AsyncIterable<T, void, undefined> {
  counts(): NewestOnlyCounts;
}

/**
 * Keeps only the newest item of `source` while the consumer is busy, and counts what it replaced.
 *
 * The source is read all the time, so that old frames never pile up in the pipe behind a slow detector. Its last item
 * is always delivered, then its end or its error. Leaving the loop closes the source. One consumer.
 * @param replace what waits once a newer item has come: the newer one, with whatever of the older one must not be lost.
 */
export function newestOnly<T>(
  source: AsyncIterable<T>,
  replace: (older: T, newer: T) => T = (_, newer) => newer,
): NewestOnly<T> {
  let delivered = 0;
  let dropped = 0;

  async function* consume(): AsyncGenerator<T, void, undefined> {
    const items = source[Symbol.asyncIterator]();
    let waiting: { readonly item: T } | undefined;
    let ending: { readonly error?: unknown } | undefined;
    let left = false;
    let wake = () => {};

    const reading = (async () => {
      try {
        for (let next = await items.next(); next.done !== true && !left; next = await items.next()) {
          if (waiting !== undefined) dropped++;
          waiting = { item: waiting === undefined ? next.value : replace(waiting.item, next.value) };
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
        while (waiting !== undefined) {
          const { item } = waiting;
          waiting = undefined;
          delivered++;
          yield item;
        }
        if (ending !== undefined) break;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      left = true;
      // A generator's return() waits for the next() in progress; the reader sees `left` then and stops.
      if (ending === undefined) await items.return?.();
      await reading;
    }
    if (ending !== undefined && "error" in ending) throw ending.error;
  }

  return { counts: () => ({ delivered, dropped }), [Symbol.asyncIterator]: consume };
}
