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
 * @param interruption returns a signal: when it is aborted, `silentInMs` is called again at once.
 */
export async function* withIdleTimeout<T>(
  source: AsyncIterable<T>,
  silentInMs: () => number,
  clock: Clock,
  interruption?: () => AbortSignal,
): AsyncGenerator<T | typeof IDLE, void> {
  const items = source[Symbol.asyncIterator]();
  try {
    while (true) {
      const next = items.next();
      if (await isSilentBefore(next, silentInMs, clock, interruption)) yield IDLE;
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
  interruption: (() => AbortSignal) | undefined,
): Promise<boolean> {
  let leftMs = Math.max(0, silentInMs());
  do {
    const waiting = new AbortController();
    const stop = () => waiting.abort(ARRIVED);
    const interrupted = interruption?.();
    interrupted?.addEventListener("abort", stop, { once: true });
    try {
      const timeout = clock.sleep(leftMs, waiting.signal).then((): typeof IDLE => IDLE);
      if ((await Promise.race([next, timeout])) !== IDLE) return false;
    } finally {
      stop();
      interrupted?.removeEventListener("abort", stop);
    }
    leftMs = silentInMs();
  } while (leftMs > 0);
  return true;
}
