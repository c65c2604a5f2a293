import type { Clock } from "../../../agent/base/clock.ts";

/** A clock that a test advances. */
export interface ManualClock extends Clock {
  /** Advances the time and wakes sleepers in order. */
  pass(ms: number): Promise<void>;
  /** Changes the wall-clock time. The monotonic time stays. */
  jump(ms: number): void;
}

/** A clock that starts at Unix time 1,000,000 s. */
export function manualClock(): ManualClock {
  let monotonicMs = 0;
  let offsetMs = 1e9;
  const sleepers = new Set<{ readonly untilMs: number; readonly wake: () => void }>();
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return {
    nowMs: () => monotonicMs + offsetMs,
    monotonicMs: () => monotonicMs,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const sleeper = {
          untilMs: monotonicMs + ms,
          wake() {
            sleepers.delete(sleeper);
            resolve();
          },
        };
        sleepers.add(sleeper);
        if (signal?.aborted === true) sleeper.wake();
        signal?.addEventListener("abort", sleeper.wake, { once: true });
      }),
    async pass(ms) {
      const endMs = monotonicMs + ms;
      await settle();
      while (true) {
        const [next] = [...sleepers].sort((a, b) => a.untilMs - b.untilMs);
        if (next === undefined || next.untilMs > endMs) break;
        monotonicMs = Math.max(monotonicMs, next.untilMs);
        next.wake();
        await settle();
      }
      monotonicMs = endMs;
    },
    jump(ms) {
      offsetMs += ms;
    },
  };
}
