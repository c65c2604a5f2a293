/** Real cameras send less than a quarter of this, also at 4K. */
const MOST_BYTES = 8 * 2 ** 20;
const FIRST_BYTES = 16_384;
const NO_BYTES = new Uint8Array();

/** Collects the parts of an access unit while it is received. */
export interface UnitBuffer {
  /** Appends a copy of the part, or frees everything if the access unit exceeds the limit. */
  add(part: Uint8Array): void;
  /** The total length. */
  bytes(): number;
  /** Whether the limit was exceeded: it then takes no more parts. */
  isOverfull(): boolean;
  /**
   * Starts again.
   * @param before precede the parts
   * @returns the parts in memory of their own; empty if the limit was exceeded
   */
  take(before?: readonly Uint8Array[]): Uint8Array;
}

/**
 * Creates an empty buffer. It copies the parts of each access unit into the same memory. Keeping the packets until the access
 * unit is complete would leave many small objects to the garbage collector: half of the CPU time for a still scene.
 */
export function unitBuffer(): UnitBuffer {
  let memory = NO_BYTES;
  let length = 0;
  let isOverfull = false;

  function reserve(bytes: number): void {
    if (bytes <= memory.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.min(Math.max(2 * bytes, FIRST_BYTES), MOST_BYTES));
    larger.set(memory.subarray(0, length));
    memory = larger;
  }

  return {
    add(part) {
      if (isOverfull) return;
      isOverfull = length + part.length > MOST_BYTES;
      if (isOverfull) {
        memory = NO_BYTES;
        length = 0;
        return;
      }
      reserve(length + part.length);
      memory.set(part, length);
      length += part.length;
    },
    bytes: () => length,
    isOverfull: () => isOverfull,
    take(before = []) {
      const parts = [...before, memory.subarray(0, length)];
      const taken = length === 0 ? NO_BYTES : join(parts);
      length = 0;
      isOverfull = false;
      return taken;
    },
  };
}

/** As `Buffer.concat`, but not in memory that is shared with other arrays. */
function join(parts: readonly Uint8Array[]): Uint8Array {
  const joined = Buffer.allocUnsafeSlow(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
