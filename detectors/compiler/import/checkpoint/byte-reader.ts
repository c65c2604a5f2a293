/** The bytes ended before what they announced. */
export class EndOfBytes extends Error {
  override readonly name = "EndOfBytes";
}

/** Reads numbers, texts and runs of bytes one after the other; integers are little-endian. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Offset of the next byte. */
  get position(): number {
    return this.#position;
  }

  /**
   * The next `count` bytes, not copied.
   * @throws EndOfBytes when there are fewer (as do all the others).
   */
  bytes(count: number): Uint8Array {
    const from = this.#skip(count);
    return this.#bytes.subarray(from, from + count);
  }

  u8(): number {
    return this.#view.getUint8(this.#skip(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#skip(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#skip(4), true);
  }

  i32(): number {
    return this.#view.getInt32(this.#skip(4), true);
  }

  /** An unsigned 64-bit length; one beyond 2⁵³ is rounded, and is longer than any file all the same. */
  u64(): number {
    return Number(this.#view.getBigUint64(this.#skip(8), true));
  }

  f64BigEndian(): number {
    return this.#view.getFloat64(this.#skip(8), false);
  }

  /** Up to the next newline, which is taken but not given. */
  line(): Uint8Array {
    const end = this.#bytes.indexOf(0x0a, this.#position);
    if (end < 0) throw new EndOfBytes(`no end of line after byte ${this.#position}`);
    const line = this.bytes(end - this.#position);
    this.#skip(1);
    return line;
  }

  #skip(count: number): number {
    const from = this.#position;
    if (count > this.#bytes.length - from) {
      throw new EndOfBytes(
        `expected ${count} more bytes at byte ${from}, received ${this.#bytes.length - from}`,
      );
    }
    this.#position = from + count;
    return from;
  }
}
