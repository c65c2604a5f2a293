const FIRST_DELAY_MS = 250;
const MAX_DELAY_MS = 30_000;

/**
 * The backoff before a failed instance restarts. The first restart is immediate. The delay then doubles with each failure
 * until the instance replies to a frame, so that a broken module does not use up the CPU.
 * @param failuresInRow earlier failures since the last reply.
 * @param random 0..1; the delay is 50 to 100 % of its nominal length, so that instances do not restart at the same time.
 */
export function restartDelayMs(failuresInRow: number, random: number): number {
  if (failuresInRow === 0) return 0;
  const nominal = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (failuresInRow - 1));
  return nominal * (0.5 + random / 2);
}
