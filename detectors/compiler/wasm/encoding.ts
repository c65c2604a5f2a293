/** Byte encodings of the WebAssembly binary format (core specification 2.0, section 5.2). */

/** Unsigned LEB128 of an integer from 0 to 2³²−1. */
export function unsignedLeb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value >>> 0;
  do {
    const low = rest & 127;
    rest >>>= 7;
    bytes.push(rest === 0 ? low : low | 128);
  } while (rest !== 0);
  return bytes;
}

/** Signed LEB128 of a 32-bit integer. */
export function signedLeb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const low = rest & 127;
    rest >>= 7;
    const signBitAgrees = (low & 64) === 0 ? rest === 0 : rest === -1;
    bytes.push(signBitAgrees ? low : low | 128);
    if (signBitAgrees) return bytes;
  }
}

/** Little-endian IEEE 754 single precision. */
export function float32Bytes(value: number): number[] {
  return [...new Uint8Array(new Float32Array([value]).buffer)];
}

/** A name: its length in bytes, then UTF-8. */
export function nameBytes(name: string): number[] {
  const utf8 = new TextEncoder().encode(name);
  return [...unsignedLeb(utf8.length), ...utf8];
}
