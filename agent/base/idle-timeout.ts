import type { Clock } from "./clock.ts";

/** Marks a pause in a stream. */
export const IDLE = Symbol("idle");

/** Aborting with a reason avoids an error with a stack for every frame. */
const ARRIVED = "arrived";

/**
 * Yields the items of `source`, and one IDLE each time the source falls silent before the next item.
 * Leaving the loop closes the source.
 * @param silentInMs the milliseconds until the source counts as silent if nothing arrives; 0 or less: it is silent. An item
 * need not follow from each arrival.
 */
export async function* withIdleTimeout<T>(
  source: AsyncIterable<T>,
  silentInMs: () => number,
  clock: Clock,
): AsyncGenerator<T | typeof IDLE, void> {
  const items = source[Symbol.asyncIterator]();
  try {
    while (true) {
      const next = items.next();
      if (await isSilentBefore(next, silentInMs, clock)) yield IDLE;
      const item = await next;
      if (item.done === true) return;
      yield item.value;
    }
  } finally {
    await items.return?.();
  }
}

async function isSilentBefore(
  next: Promise<unknown>,
  silentInMs: () => number,
  clock: Clock,
): Promise<boolean> {
  const arrived = new AbortController();
  try {
    let leftMs = Math.max(0, silentInMs());
    do {
      const timeout = clock.sleep(leftMs, arrived.signal).then((): typeof IDLE => IDLE);
      if ((await Promise.race([next, timeout])) !== IDLE) return false;
      leftMs = silentInMs();
    } while (leftMs > 0);
    return true;
  } finally {
    arrived.abort(ARRIVED);
  }
}
