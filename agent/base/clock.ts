/** Time, passed in wherever it matters so that tests and `replay` can turn it by hand. */
export interface Clock {
  /** Unix time in milliseconds; follows changes of the machine's clock. */
  nowMs(): number;
  /** Milliseconds since an arbitrary start; never goes back. For durations. */
  monotonicMs(): number;
  /** Resolves after `ms` milliseconds, or at once when the signal is aborted: the caller looks at the signal. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's own clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  // By hand: Node's own makes an error with a stack for every sleep that is cut short, and each frame cuts one short.
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

/** A time server corrects a clock by some milliseconds; no more than that is what durations of frames can stand. */
const CORRECTION_MS = 1_000;

/**
 * Whether the machine's clock was set back between two frames, Unix milliseconds. What was remembered by its time is
 * worthless then: it would last until that time comes again.
 */
export function wasSetBack(beforeMs: number, nowMs: number): boolean {
  return nowMs < beforeMs - CORRECTION_MS;
}
