const LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";
const LETTERS_PER_ID = 6;

/**
 * Makes ids of objects: `<start time in seconds, six decimals>-<6 characters>`, as Frigate does.
 * @param random a number from 0 up to 1: `Math.random` in the daemon, `seededRandom` where the output must be reproducible.
 */
export function eventIds(random: () => number): (startTimeMs: number) => string {
  return (startTimeMs) => {
    const letters = Array.from({ length: LETTERS_PER_ID }, () =>
      LETTERS.charAt(Math.floor(random() * LETTERS.length)),
    );
    return `${(startTimeMs / 1000).toFixed(6)}-${letters.join("")}`;
  };
}

/** A reproducible sequence of numbers from 0 up to 1: a linear congruential generator (Numerical Recipes, 7.1). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
