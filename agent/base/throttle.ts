import type { Clock } from "./clock.ts";

/** How often requested work may run. */
export interface ThrottleOptions {
  readonly clock: Clock;
  /** The pause after the first run. */
  readonly firstMs: number;
  /** A request during a pause makes the next pause twice as long, up to this limit. */
  readonly longestMs: number;
  /** Aborted: a waiting request runs at once; later requests are ignored. */
  readonly signal: AbortSignal;
}

/**
 * Runs the first request at once. Requests during a pause replace each other; the newest one runs when the pause ends,
 * and each pause is twice as long as the one before: a thousand requests a second become two runs a minute. After a pause
 * without a request, the next request runs at once again.
 * @param work receives the value and the number of values that it replaced
 */
export function throttle<Value>(
  { clock, firstMs, longestMs, signal }: ThrottleOptions,
  work: (value: Value, replaced: number) => void,
): (value: Value) => void {
  let isPaused = false;
  let waiting: { readonly value: Value; readonly replaced: number } | undefined;

  async function pause(): Promise<void> {
    isPaused = true;
    for (let ms = firstMs; ; ms = Math.min(2 * ms, longestMs)) {
      await clock.sleep(ms, signal);
      if (waiting === undefined) break;
      const { value, replaced } = waiting;
      waiting = undefined;
      work(value, replaced);
    }
    isPaused = false;
  }

  return (value) => {
    if (signal.aborted) return;
    if (isPaused) {
      waiting = { value, replaced: waiting === undefined ? 0 : waiting.replaced + 1 };
      return;
    }
    work(value, 0);
    void pause();
  };
}
