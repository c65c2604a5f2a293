import type { Clock } from "../../base/clock.ts";

/** A signal that is aborted after a time. Leaving the scope stops the clock. */
export interface TimeLimit extends Disposable {
  readonly signal: AbortSignal;
  /** Whether the time, and not the outer signal, has aborted it. */
  isOver(): boolean;
}

/** @param outer aborts the signal too. It may live long: no listener is left on it. */
export function timeLimit(clock: Clock, ms: number, outer: AbortSignal): TimeLimit {
  const limit = new AbortController();
  const stop = new AbortController();
  let isOver = false;
  const abort = () => limit.abort(outer.reason);
  if (outer.aborted) abort();
  outer.addEventListener("abort", abort, { once: true });
  void clock.sleep(ms, stop.signal).then(() => {
    if (stop.signal.aborted || limit.signal.aborted) return;
    isOver = true;
    limit.abort(new Error(`not done within ${ms} ms`));
  });
  return {
    signal: limit.signal,
    isOver: () => isOver,
    [Symbol.dispose]() {
      stop.abort();
      outer.removeEventListener("abort", abort);
    },
  };
}
