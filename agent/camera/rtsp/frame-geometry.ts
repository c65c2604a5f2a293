import type { Size } from "../../base/box.ts";
import type { BitReader } from "./bit-reader.ts";

const EXTENDED = 255;
/** Width to height of a pixel for aspect_ratio_idc 1 to 16 (H.264, table E-1; H.265, table E.1). */
const ASPECTS: readonly (readonly [number, number])[] = [
  [1, 1],
  [12, 11],
  [10, 11],
  [16, 11],
  [40, 33],
  [24, 11],
  [20, 11],
  [32, 11],
  [80, 33],
  [18, 11],
  [15, 11],
  [64, 33],
  [160, 99],
  [4, 3],
  [3, 2],
  [2, 1],
];

/** Reads aspect_ratio_idc and, if extended, the ratio. @returns 1 if it is unspecified */
export function readPixelAspect(bits: BitReader): number {
  const index = bits.take(8);
  return index === EXTENDED
    ? pixelAspect(bits.take(16), bits.take(16))
    : pixelAspect(...(ASPECTS[index - 1] ?? [1, 1]));
}

/** Skips overscan, signal type and chroma location, which H.264 (E.1.1) and H.265 (E.2.1) place behind the aspect ratio. */
export function skipSignal(bits: BitReader): void {
  if (bits.take(1) === 1) bits.skip(1);
  if (bits.take(1) === 1) {
    bits.skip(4);
    if (bits.take(1) === 1) bits.skip(24);
  }
  if (bits.take(1) === 1) {
    bits.unsigned();
    bits.unsigned();
  }
}

/** @returns 1 if a side is 0, which means unspecified */
export function pixelAspect(width: number, height: number): number {
  return width === 0 || height === 0 ? 1 : width / height;
}

/** @returns the coded size where the cropping leaves nothing: decoders then ignore it */
export function croppedSize(coded: Size, columns: number, rows: number): Size {
  const isValid = columns < coded.width && rows < coded.height;
  return isValid ? { width: coded.width - columns, height: coded.height - rows } : coded;
}

/** @returns the size of the whole macroblocks of 16 pixels that a decoder allocates */
export function wholeMacroblocks({ width, height }: Size): Size {
  return { width: 16 * Math.ceil(width / 16), height: 16 * Math.ceil(height / 16) };
}
