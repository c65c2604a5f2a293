const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 30_000;

/**
 * How long to wait before a dead instance is started again: at once after a first death, then exponentially longer
 * while it dies without having answered a frame, so that a module that cannot live does not eat the CPU.
 * @param deathsInRow deaths since the last answered frame, this one not counted.
 * @param random 0..1; the delay is 50 to 100 % of its nominal length, so that instances do not restart in step.
 */
export function restartDelayMs(deathsInRow: number, random: number): number {
  if (deathsInRow === 0) return 0;
  const nominal = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (deathsInRow - 1));
  return nominal * (0.5 + random / 2);
}
