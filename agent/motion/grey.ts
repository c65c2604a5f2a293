import type { Size } from "../base/box.ts";
import { clamp } from "../base/numbers.ts";
import { brightnessCoding, type RawFrame } from "../camera/frame.ts";

/** How frames of one size are reduced to small grey images: which pixels of which rows each small pixel averages. */
export interface Shrinking {
  /** Of the small image. */
  readonly size: Size;
  /** The pixels of a row that a small pixel averages: a multiple of `PIXELS_AT_ONCE`. */
  readonly across: number;
  /** For each column of the small image, the first pixel of a frame's row that it averages. */
  readonly columns: Int32Array;
  /** The first pixel of each frame row that is read: `ROWS_READ` for each row of the small image. */
  readonly rows: Int32Array;
}

/** Rows of the frame per row of the small image: at 768×432 all of them, which removes three quarters of the noise. */
const ROWS_READ = 4;
const PIXELS_AT_ONCE = 4;

/**
 * Plans small images of `height` rows with the frame's aspect ratio, and at most half the frame's rows, so that each small
 * pixel averages several.
 * @param frame at least four columns and two rows.
 */
export function planShrinking(frame: Size, height: number): Shrinking {
  const smallHeight = Math.max(1, Math.min(height, Math.floor(frame.height / 2)));
  const smallWidth = Math.max(1, Math.round((frame.width * smallHeight) / frame.height));
  const columnPixels = frame.width / smallWidth;
  // The same for all columns, so that all have the same noise: neighbours may share pixels or skip some.
  const across = PIXELS_AT_ONCE * Math.max(1, Math.round(columnPixels / PIXELS_AT_ONCE));
  return {
    size: { width: smallWidth, height: smallHeight },
    across,
    columns: Int32Array.from({ length: smallWidth }, (_, x) => {
      const first = Math.round((x + 0.5) * columnPixels - across / 2);
      return clamp(first, 0, frame.width - across);
    }),
    rows: Int32Array.from({ length: smallHeight * ROWS_READ }, (_, index) => {
      return frame.width * Math.floor(((index + 0.5) * frame.height) / (smallHeight * ROWS_READ));
    }),
  };
}

/**
 * Averages a frame's brightness into small grey pixels of 0..255.
 *
 * Four pixels are read at once and added in pairs in the halves of a word (SWAR): this takes half the time of single pixels.
 * @param grey receives width × height values, row by row.
 */
export function shrinkToGrey(shrinking: Shrinking, { planes, colours }: RawFrame, grey: Float32Array) {
  const { size, across, columns, rows } = shrinking;
  const view = new DataView(planes.buffer, planes.byteOffset, planes.byteLength);
  const { black, scale } = brightnessCoding(colours);
  const share = scale / (across * ROWS_READ);
  const offset = scale * black;
  let cell = 0;
  for (let y = 0; y < size.height; y++) {
    const first = rows[y * ROWS_READ] ?? 0;
    const second = rows[y * ROWS_READ + 1] ?? 0;
    const third = rows[y * ROWS_READ + 2] ?? 0;
    const fourth = rows[y * ROWS_READ + 3] ?? 0;
    for (let x = 0; x < size.width; x++) {
      const start = columns[x] ?? 0;
      let sum = 0;
      for (let at = start; at < start + across; at += PIXELS_AT_ONCE) {
        const p = view.getUint32(first + at, LITTLE_ENDIAN);
        const q = view.getUint32(second + at, LITTLE_ENDIAN);
        const r = view.getUint32(third + at, LITTLE_ENDIAN);
        const s = view.getUint32(fourth + at, LITTLE_ENDIAN);
        const even = (p & HALVES) + (q & HALVES) + (r & HALVES) + (s & HALVES);
        const odd = ((p >>> 8) & HALVES) + ((q >>> 8) & HALVES) + ((r >>> 8) & HALVES) + ((s >>> 8) & HALVES);
        const both = even + odd;
        sum += (both & 0xffff) + (both >>> 16);
      }
      // Noise and overshoot exceed black and white.
      grey[cell++] = Math.min(Math.max(sum * share - offset, 0), 255);
    }
  }
}

/** The byte order of most processors; the sum does not depend on it. */
const LITTLE_ENDIAN = true;
/** Every other byte of a word, which leaves room for sums. */
const HALVES = 0xff00ff;
