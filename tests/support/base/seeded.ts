/** Reproducible random numbers in [0, 1): mulberry32 (Tommy Ettinger, public domain). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `count` floats, uniformly distributed over [−scale, scale). */
export function seededFloats(seed: number, count: number, scale = 1): Float32Array {
  const next = seeded(seed);
  return Float32Array.from({ length: count }, () => (2 * next() - 1) * scale);
}

/** `count` random bytes. */
export function seededBytes(seed: number, count: number): Uint8Array {
  const next = seeded(seed);
  return Uint8Array.from({ length: count }, () => next() * 256);
}
