/** The data ends before the value that was read. */
export class EndOfData extends Error {}

/** Reads bits, the most significant first. Past the end, `take` and the Exp-Golomb codes throw EndOfData. */
export interface BitReader {
  /** At most 32 bits. */
  take(count: number): number;
  skip(count: number): void;
  /** ue(v): Exp-Golomb (H.264, 9.1). */
  unsigned(): number;
  /** se(v) */
  signed(): number;
}

/** @param bytes without emulation prevention bytes */
export function bitReader(bytes: Uint8Array): BitReader {
  let position = 0;
  const take = (count: number): number => {
    let value = 0;
    for (let index = 0; index < count; index++, position++) {
      const byte = bytes[position >> 3];
      if (byte === undefined) throw new EndOfData();
      value = value * 2 + ((byte >> (7 - (position & 7))) & 1);
    }
    return value;
  };
  const unsigned = (): number => {
    let zeros = 0;
    while (take(1) === 0) if (++zeros > 32) throw new EndOfData();
    return 2 ** zeros - 1 + take(zeros);
  };
  return {
    take,
    skip(count) {
      position += count;
    },
    unsigned,
    signed() {
      const code = unsigned();
      return code % 2 === 1 ? (code + 1) / 2 : -code / 2;
    },
  };
}

/** @returns what `read` returns; undefined if the data ends too early */
export function unlessTooShort<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof EndOfData) return undefined;
    throw error;
  }
}

/** The payload of a NAL unit without its header and without emulation prevention bytes (H.264, 7.4.1; H.265, 7.4.2). */
export function rawPayload(unit: Uint8Array, headerBytes: number): Uint8Array {
  return unit.filter(
    (byte, at) => at >= headerBytes && !(byte === 3 && unit[at - 1] === 0 && unit[at - 2] === 0),
  );
}
