/** How long to wait between attempts. */
export interface Backoff {
  readonly firstMs: number;
  readonly longestMs: number;
}

/**
 * Milliseconds to wait before attempt `attempt` (1 = the first retry). The wait doubles with each attempt up to
 * `longestMs`. Up to half of it is then subtracted at random, so that clients that failed together do not return
 * together ("equal jitter" of Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
 * @param random a number from 0 up to 1, `Math.random` outside tests.
 */
export function backoffMs(attempt: number, { firstMs, longestMs }: Backoff, random: () => number): number {
  const ceilingMs = Math.min(longestMs, firstMs * 2 ** Math.min(attempt - 1, 30));
  return ceilingMs * (1 - random() / 2);
}
