import type { Clock } from "./clock.ts";

/** How often something may be done that others ask for. */
export interface Moderation {
  readonly clock: Clock;
  /** The rest after the first time. */
  readonly firstMs: number;
  /** It doubles with each time that was asked for meanwhile, up to this one. */
  readonly longestMs: number;
  /** Whoever waits has its turn when this is aborted; from then on nothing is done any more. */
  readonly signal: AbortSignal;
}

/**
 * Does what is asked for at once, and, where it is asked for again and again, ever less often, with the newest value: a
 * thousand requests a second come to two a minute. After a rest without a request the next one is done at once again.
 * @param work is told how many values the one it gets has replaced
 */
export function inModeration<Value>(
  { clock, firstMs, longestMs, signal }: Moderation,
  work: (value: Value, replaced: number) => void,
): (value: Value) => void {
  let isResting = false;
  let waiting: { readonly value: Value; readonly replaced: number } | undefined;

  async function rest(): Promise<void> {
    isResting = true;
    for (let ms = firstMs; ; ms = Math.min(2 * ms, longestMs)) {
      await clock.sleep(ms, signal);
      if (waiting === undefined) break;
      const { value, replaced } = waiting;
      waiting = undefined;
      work(value, replaced);
    }
    isResting = false;
  }

  return (value) => {
    if (signal.aborted) return;
    if (isResting) {
      waiting = { value, replaced: waiting === undefined ? 0 : waiting.replaced + 1 };
      return;
    }
    work(value, 0);
    void rest();
  };
}
