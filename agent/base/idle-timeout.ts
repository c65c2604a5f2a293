import type { Clock } from "./clock.ts";

/** Marks a pause in a stream. */
export const IDLE = Symbol("idle");

/** Aborting with a reason avoids an error with a stack for every frame. */
const ARRIVED = "arrived";

/**
 * Yields the items of `source`, and one IDLE each time the next item takes longer than `idleMs`.
 * Leaving the loop closes the source.
 */
export async function* withIdleTimeout<T>(
  source: AsyncIterable<T>,
  idleMs: number,
  clock: Clock,
): AsyncGenerator<T | typeof IDLE, void> {
  const items = source[Symbol.asyncIterator]();
  try {
    while (true) {
      const next = items.next();
      const arrived = new AbortController();
      const timeout = clock.sleep(idleMs, arrived.signal).then((): typeof IDLE => IDLE);
      const first = await Promise.race([next, timeout]).finally(() => arrived.abort(ARRIVED));
      if (first === IDLE) yield IDLE;
      const item = await next;
      if (item.done === true) return;
      yield item.value;
    }
  } finally {
    await items.return?.();
  }
}
