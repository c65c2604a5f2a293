import sharp from "sharp";
import type { Box } from "../../detectors/detector.ts";
import { letterboxGeometry, type Size } from "./letterbox-geometry.ts";

// The detector needs the cores; and no two frames are alike, so a cache of operations only costs memory.
sharp.concurrency(1);
sharp.cache(false);

/** A picture: RGB, row by row, width × height × 3 bytes. */
export interface Picture extends Size {
  readonly pixels: Uint8Array;
}

/** A picture in the model's input size. */
export interface Letterboxed extends Picture {
  /** A box in pixels of the model's input as one in pixels of the picture, cut off at its edges. */
  toFrame(box: Box): Box;
}

/** The grey that YOLOv5 was trained with around its pictures. */
const BORDER = { r: 114, g: 114, b: 114 };

/**
 * Scales a picture into the model's input, aspect kept, centred, grey around it.
 *
 * The kernel is a triangle as wide as the scale: YOLOv5's own bilinear when enlarging, and smoother than it when
 * shrinking, where the original skips pixels. A picture that has the size already is handed on as it is.
 */
export async function letterbox(picture: Picture, input: Size): Promise<Letterboxed> {
  const { toFrame, inner, left, top, right, bottom } = letterboxGeometry(picture, input);
  const { width, height } = input;
  if (picture.width === width && picture.height === height) {
    return { width, height, pixels: picture.pixels, toFrame };
  }

  let pipeline = sharp(picture.pixels, {
    raw: { width: picture.width, height: picture.height, channels: 3 },
  });
  if (inner.width !== picture.width || inner.height !== picture.height) {
    pipeline = pipeline.resize(inner.width, inner.height, { fit: "fill", kernel: "linear" });
  }
  const bordered = pipeline.extend({ left, top, right, bottom, background: BORDER });
  return { width, height, pixels: await bordered.raw().toBuffer(), toFrame };
}
