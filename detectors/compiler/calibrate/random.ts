/**
 * Seeded random numbers, so that a calibration gives the same ranges every time (Mulberry32 by Tommy Ettinger, public domain:
 * a counter stepped by a Weyl constant, then two rounds of multiply and xor-shift).
 * @returns a function whose every call gives the next number from [0, 1)
 */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
