import type { RawFrame } from "./frame.ts";

/** Enough to include the digits of a clock in the frame: at 640×480 every fifth row. */
const SAMPLES = 65_536;
/** Digits of fewer rows than this would be unreadable. */
const MOST_ROWS_APART = 8;
/** A decoder that starts at another key frame may round differently. */
const SAME_LEVEL = 2;
/** This many values may differ by more. A digit of a clock covers more pixels. */
const STRAY_SAMPLES = 4;
/** Between the darkest and the brightest value of a frame that shows anything. */
const LEAST_CONTRAST = 12;

/** Samples the brightness of evenly spaced rows: copying whole rows costs a tenth of copying single pixels. */
export function sampleFrame({ width, height, planes }: RawFrame): Uint8Array {
  const rowsApart = Math.min(Math.ceil((width * height) / SAMPLES), MOST_ROWS_APART);
  const sample = new Uint8Array(width * Math.ceil(height / rowsApart));
  for (let y = 0, at = 0; y < height; y += rowsApart, at += width) {
    sample.set(planes.subarray(y * width, (y + 1) * width), at);
  }
  return sample;
}

/** Whether two samples show the same image, apart from differences that a decoder may cause. */
export function isSameSample(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let strays = 0;
  for (let index = 0; index < a.length; index++) {
    if (Math.abs((a[index] ?? 0) - (b[index] ?? 0)) > SAME_LEVEL && ++strays > STRAY_SAMPLES) return false;
  }
  return true;
}

/** Whether the whole frame has one brightness: a covered lens, a night without light. */
export function isBlank(sample: Uint8Array): boolean {
  let darkest = 255;
  let brightest = 0;
  for (const level of sample) {
    if (level < darkest) darkest = level;
    if (level > brightest) brightest = level;
  }
  return brightest - darkest < LEAST_CONTRAST;
}
