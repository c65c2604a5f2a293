import type { VideoPicture } from "./frame.ts";

/** Enough to meet the digits of a clock that is drawn into the picture: at 640×480 every fifth row. */
const SAMPLES = 65_536;
/** Lower digits than this nobody could read. */
const MOST_ROWS_APART = 8;
/** A decoder that begins at another key frame may round otherwise. */
const SAME_LEVEL = 2;
/** Samples that may differ by more; a digit of a clock covers more than that. */
const STRAY_SAMPLES = 4;
/** Between its darkest and brightest sample, for a picture that shows anything. */
const LEAST_CONTRAST = 12;

/** The brightness of rows spread evenly over a picture: copied at once, they cost a tenth of single pixels. */
export function samplePicture({ width, height, planes }: VideoPicture): Uint8Array {
  const rowsApart = Math.min(Math.ceil((width * height) / SAMPLES), MOST_ROWS_APART);
  const sample = new Uint8Array(width * Math.ceil(height / rowsApart));
  for (let y = 0, at = 0; y < height; y += rowsApart, at += width) {
    sample.set(planes.subarray(y * width, (y + 1) * width), at);
  }
  return sample;
}

/** Whether two samples are of one picture, but for what a decoder may make of it. */
export function isSamePicture(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let strays = 0;
  for (let index = 0; index < a.length; index++) {
    if (Math.abs((a[index] ?? 0) - (b[index] ?? 0)) > SAME_LEVEL && ++strays > STRAY_SAMPLES) return false;
  }
  return true;
}

/** Whether a picture is all of one brightness: a covered lens, a night without light. */
export function saysNothing(sample: Uint8Array): boolean {
  let darkest = 255;
  let brightest = 0;
  for (const level of sample) {
    if (level < darkest) darkest = level;
    if (level > brightest) brightest = level;
  }
  return brightest - darkest < LEAST_CONTRAST;
}
