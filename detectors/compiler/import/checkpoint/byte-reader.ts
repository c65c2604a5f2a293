/** The bytes ended too early. */
export class EndOfBytes extends Error {
  override readonly name = "EndOfBytes";
}

/** Reads numbers, lines and runs of bytes in sequence. Integers are little-endian. */
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
   * @throws EndOfBytes when there are fewer, like all methods that read.
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

  /** An unsigned 64-bit length. Above 2⁵³ it is rounded, which does no harm: no file is that long. */
  u64(): number {
    return Number(this.#view.getBigUint64(this.#skip(8), true));
  }

  f64BigEndian(): number {
    return this.#view.getFloat64(this.#skip(8), false);
  }

  /** The bytes up to the next newline, which is skipped. */
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
