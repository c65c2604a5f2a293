import type { Size } from "../../base/box.ts";
import { clamp } from "../../base/numbers.ts";

/** Quantisation tables of 64 values each in zigzag order (ITU-T T.81, tables K.1 and K.2; RFC 2435, appendix A). */
const LUMA = [
  ...[16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40],
  ...[26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51, 61, 60, 57, 51],
  ...[56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87],
  ...[95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99],
];
const CHROMA = [
  ...[17, 18, 18, 24, 21, 24, 47, 26, 26, 47, 99, 66, 56, 66, 99, 99],
  ...Array<number>(48).fill(99),
];

/** The tables of a quality factor from 1 to 99 (RFC 2435, 4.2): 64 bytes for luma, 64 for chroma. */
export function tablesOfQuality(quality: number): Uint8Array {
  const factor = clamp(quality, 1, 99);
  const percent = factor < 50 ? Math.floor(5000 / factor) : 200 - factor * 2;
  return Uint8Array.from([...LUMA, ...CHROMA], (value) =>
    clamp(Math.floor((value * percent + 50) / 100), 1, 255),
  );
}

/** A Huffman table: the number of codes of each length from 1 to 16, and their symbols (ITU-T T.81, K.3). */
interface HuffmanTable {
  /** Class in the upper four bits (0: DC, 1: AC), index in the lower ones. */
  readonly id: number;
  readonly counts: readonly number[];
  readonly symbols: Uint8Array;
}

const DC_SYMBOLS = Uint8Array.from({ length: 12 }, (_, symbol) => symbol);
const HUFFMAN_TABLES: readonly HuffmanTable[] = [
  { id: 0x00, counts: [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0], symbols: DC_SYMBOLS },
  {
    id: 0x10,
    counts: [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7d],
    symbols: Buffer.from(
      "01020300041105122131410613516107227114328191a1082342b1c11552d1f02433627282090a161718191a25262728292a3435363738393a" +
        "434445464748494a535455565758595a636465666768696a737475767778797a838485868788898a92939495969798999aa2a3a4a5a6a7a8" +
        "a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae1e2e3e4e5e6e7e8e9eaf1f2f3f4f5f6f7f8f9fa",
      "hex",
    ),
  },
  { id: 0x01, counts: [0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0], symbols: DC_SYMBOLS },
  {
    id: 0x11,
    counts: [0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 0x77],
    symbols: Buffer.from(
      "000102031104052131061241510761711322328108144291a1b1c109233352f0156272d10a162434e125f11718191a262728292a3536373839" +
        "3a434445464748494a535455565758595a636465666768696a737475767778797a82838485868788898a92939495969798999aa2a3a4a5a6" +
        "a7a8a9aab2b3b4b5b6b7b8b9bac2c3c4c5c6c7c8c9cad2d3d4d5d6d7d8d9dae2e3e4e5e6e7e8e9eaf2f3f4f5f6f7f8f9fa",
      "hex",
    ),
  },
];

/** The properties of a JPEG image that RTP sends instead of its header. */
export interface JpegProperties {
  readonly size: Size;
  /** Sampling factors of luma: 0x21 for 4:2:2, 0x22 for 4:2:0. */
  readonly sampling: number;
  /** In macroblocks; 0: no restart markers. */
  readonly restartInterval: number;
  /** One or two quantisation tables: for luma and for chroma. */
  readonly tables: readonly Uint8Array[];
}

/** Makes the header of a baseline JPEG file up to the entropy-coded data (RFC 2435, appendix B; ITU-T T.81, annex B). */
export function jpegHeader({ size, sampling, restartInterval, tables }: JpegProperties): Uint8Array {
  const chromaTable = tables.length - 1;
  return Buffer.concat([
    Uint8Array.of(0xff, 0xd8),
    segment(0xe0, Buffer.from("JFIF\0\x01\x01\0\0\x01\0\x01\0\0", "latin1")),
    ...tables.map((table, index) =>
      segment(0xdb, Buffer.concat([Uint8Array.of((table.length > 64 ? 0x10 : 0) | index), table])),
    ),
    ...(restartInterval > 0 ? [segment(0xdd, uint16(restartInterval))] : []),
    segment(
      0xc0,
      Buffer.concat([
        Uint8Array.of(8, ...uint16(size.height), ...uint16(size.width), 3),
        Uint8Array.of(1, sampling, 0, 2, 0x11, chromaTable, 3, 0x11, chromaTable),
      ]),
    ),
    ...HUFFMAN_TABLES.map(({ id, counts, symbols }) =>
      segment(0xc4, Buffer.concat([Uint8Array.of(id, ...counts), symbols])),
    ),
    segment(0xda, Uint8Array.of(3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0)),
  ]);
}

function segment(marker: number, content: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(0xff, marker, ...uint16(content.length + 2)), content]);
}

function uint16(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 255);
}
