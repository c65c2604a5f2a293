import type { Clock } from "./clock.ts";

/** Stands in the stream where nothing came for a while. */
export const SILENCE = Symbol("silence");

/** Without a reason of its own an abort makes an error with a stack, for every frame. */
const ARRIVED = "arrived";

/**
 * The items of `source`, and one SILENCE whenever the next one lets itself be waited for longer than `silenceMs`.
 * Leaving the loop closes the source.
 */
export async function* orSilence<T>(
  source: AsyncIterable<T>,
  silenceMs: number,
  clock: Clock,
): AsyncGenerator<T | typeof SILENCE, void> {
  const items = source[Symbol.asyncIterator]();
  try {
    while (true) {
      const next = items.next();
      const arrived = new AbortController();
      const silence = clock.sleep(silenceMs, arrived.signal).then((): typeof SILENCE => SILENCE);
      const first = await Promise.race([next, silence]).finally(() => arrived.abort(ARRIVED));
      if (first === SILENCE) yield SILENCE;
      const item = await next;
      if (item.done === true) return;
      yield item.value;
    }
  } finally {
    await items.return?.();
  }
}
