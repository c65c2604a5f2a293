import type { Picture } from "../preprocess/letterbox.ts";
import type { Size } from "../preprocess/letterbox-geometry.ts";

/** How frames of one size become small grey pictures: which words of which rows each small pixel averages. */
export interface Shrinking {
  /** Of the small picture. */
  readonly size: Size;
  /** Where the columns of the small picture begin in a frame's row, in words of four bytes; one more for the end. */
  readonly columns: Int32Array;
  /** First word of each frame row that is read: `ROWS_READ` for each row of the small picture. */
  readonly rows: Int32Array;
  /** Scratch: sums down the rows that are read, one per word of a frame's row. */
  readonly sums: Uint32Array;
}

/** Rows of the frame behind one row of the small picture: all of them at 432 rows; more would only cost time. */
const ROWS_READ = 4;
const BYTES_PER_WORD = 4;

/**
 * Plans small pictures of `height` rows, aspect kept; at most half the frame's rows, so that there is something to average.
 * @param frame pixels, two rows and columns at least.
 */
export function planShrinking(frame: Size, height: number): Shrinking {
  const smallHeight = Math.max(1, Math.min(height, Math.floor(frame.height / 2)));
  const smallWidth = Math.max(1, Math.round((frame.width * smallHeight) / frame.height));
  const wordsPerRow = Math.floor((frame.width * 3) / BYTES_PER_WORD);
  return {
    size: { width: smallWidth, height: smallHeight },
    columns: Int32Array.from({ length: smallWidth + 1 }, (_, x) =>
      Math.round((x * wordsPerRow) / smallWidth),
    ),
    rows: Int32Array.from({ length: smallHeight * ROWS_READ }, (_, index) => {
      const row = Math.floor(((index + 0.5) * frame.height) / (smallHeight * ROWS_READ));
      return Math.floor((row * frame.width * 3) / BYTES_PER_WORD);
    }),
    sums: new Uint32Array(wordsPerRow),
  };
}

/**
 * Averages a frame's bytes, red, green and blue alike, into small grey pixels of 0..255.
 *
 * Four bytes are read at once and added two by two in the halves of a word (SWAR): a third of the time that single bytes
 * take. A small pixel may begin with any of the three colours, always with the same one: what compares pictures in time
 * does not see it.
 * @param grey receives width × height values, row by row.
 */
export function shrinkToGrey(
  { size, columns, rows, sums }: Shrinking,
  { pixels }: Picture,
  grey: Float32Array,
) {
  const words = asWords(pixels);
  let cell = 0;
  for (let y = 0; y < size.height; y++) {
    addRows(words, rows, y * ROWS_READ, sums);
    let word = 0;
    for (let x = 1; x <= size.width; x++) {
      const end = columns[x] ?? 0;
      const bytes = (end - word) * BYTES_PER_WORD * ROWS_READ;
      let sum = 0;
      for (; word < end; word++) {
        const halves = sums[word] ?? 0;
        sum += (halves & 0xffff) + (halves >>> 16);
      }
      grey[cell++] = sum / bytes;
    }
  }
}

/** For each word: its bytes 0 and 1 over four rows in the lower half, 2 and 3 in the upper; 8 × 255 fits. */
function addRows(words: Uint32Array, rows: Int32Array, first: number, sums: Uint32Array) {
  const a = rows[first] ?? 0;
  const b = rows[first + 1] ?? 0;
  const c = rows[first + 2] ?? 0;
  const d = rows[first + 3] ?? 0;
  for (let word = 0; word < sums.length; word++) {
    const p = words[a + word] ?? 0;
    const q = words[b + word] ?? 0;
    const r = words[c + word] ?? 0;
    const s = words[d + word] ?? 0;
    const even = (p & 0xff00ff) + (q & 0xff00ff) + (r & 0xff00ff) + (s & 0xff00ff);
    const odd =
      ((p >>> 8) & 0xff00ff) + ((q >>> 8) & 0xff00ff) + ((r >>> 8) & 0xff00ff) + ((s >>> 8) & 0xff00ff);
    sums[word] = even + odd;
  }
}

/** The same bytes, four at a time; a copy where they do not begin on a word. */
function asWords(bytes: Uint8Array): Uint32Array {
  const aligned = bytes.byteOffset % BYTES_PER_WORD === 0 ? bytes : new Uint8Array(bytes);
  return new Uint32Array(aligned.buffer, aligned.byteOffset, Math.floor(aligned.length / BYTES_PER_WORD));
}
