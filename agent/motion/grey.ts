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
}

/** Rows of the frame behind one row of the small picture: with all columns, enough to take four fifths of the noise. */
const ROWS_READ = 2;
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
  };
}

/**
 * Averages a frame's bytes, red, green and blue alike, into small grey pixels of 0..255.
 *
 * Four bytes are read at once and added two by two in the halves of a word (SWAR): a quarter of the time that single bytes
 * take. A small pixel may begin with any of the three colours, always with the same one: what compares pictures in time
 * does not see it.
 * @param grey receives width × height values, row by row.
 */
export function shrinkToGrey({ size, columns, rows }: Shrinking, { pixels }: Picture, grey: Float32Array) {
  const words = asWords(pixels);
  let cell = 0;
  for (let y = 0; y < size.height; y++) {
    const upper = rows[y * ROWS_READ] ?? 0;
    const lower = rows[y * ROWS_READ + 1] ?? 0;
    let word = 0;
    for (let x = 1; x <= size.width; x++) {
      const end = columns[x] ?? 0;
      const bytes = (end - word) * BYTES_PER_WORD * ROWS_READ;
      let sum = 0;
      for (; word < end; word++) {
        const p = words[upper + word] ?? 0;
        const q = words[lower + word] ?? 0;
        const halves = (p & 0xff00ff) + ((p >>> 8) & 0xff00ff) + (q & 0xff00ff) + ((q >>> 8) & 0xff00ff);
        sum += (halves & 0xffff) + (halves >>> 16);
      }
      grey[cell++] = sum / bytes;
    }
  }
}

/** The same bytes, four at a time; a copy where they do not begin on a word. */
function asWords(bytes: Uint8Array): Uint32Array {
  const aligned = bytes.byteOffset % BYTES_PER_WORD === 0 ? bytes : new Uint8Array(bytes);
  return new Uint32Array(aligned.buffer, aligned.byteOffset, Math.floor(aligned.length / BYTES_PER_WORD));
}
