/** Time, passed as a parameter so that tests and `replay` can control it. */
export interface Clock {
  /** Unix time in milliseconds; follows adjustments of the machine's clock. */
  nowMs(): number;
  /** Milliseconds since an arbitrary start; never decreases. For durations. */
  monotonicMs(): number;
  /** Resolves after `ms` milliseconds, or at once when the signal is aborted: the caller checks the signal. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  // Node's own timer creates an error with a stack for every aborted sleep, and each frame aborts one.
  sleep(ms, signal) {
    return new Promise((resolve) => {
      if (signal?.aborted === true) return resolve();
      const wake = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      signal?.addEventListener("abort", wake, { once: true });
    });
  },
};

/** A time server may correct a clock by some milliseconds; durations between frames tolerate no more than this. */
const CORRECTION_MS = 1_000;

/**
 * Whether the machine's clock was set back between two frames, Unix milliseconds. State with times of the old clock is then
 * invalid: it would not expire until the clock reaches these times again.
 */
export function wasSetBack(beforeMs: number, nowMs: number): boolean {
  return nowMs < beforeMs - CORRECTION_MS;
}
