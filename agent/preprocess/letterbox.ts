import sharp from "sharp";
import type { PictureSpec } from "../../detectors/detector.ts";
import type { Box, Size } from "../base/box.ts";
import { clamp } from "../base/numbers.ts";
import type { RgbImage } from "../base/rgb-image.ts";

// The detector needs the cores. Frames never repeat, so a cache of operations would only cost memory.
sharp.concurrency(1);
sharp.cache(false);

/** The position of an image in the model's input: centred, with its aspect ratio kept. */
export interface LetterboxGeometry {
  /** The scaled image. */
  readonly inner: Size;
  /** Border in pixels. */
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  /** Converts a box from pixels of the model's input to pixels of the image, cut off at the image's edges. */
  toImage(box: Box): Box;
}

/** Fits an image into the model's input the way YOLOv5 was trained (`letterbox` of its utils/augmentations.py). */
export function letterboxGeometry(image: Size, input: Size): LetterboxGeometry {
  const scale = Math.min(input.width / image.width, input.height / image.height);
  const width = clamp(Math.round(image.width * scale), 1, input.width);
  const height = clamp(Math.round(image.height * scale), 1, input.height);
  const left = Math.floor((input.width - width) / 2);
  const top = Math.floor((input.height - height) / 2);
  // After rounding, the horizontal and vertical scales differ.
  const toImageX = (x: number) => clamp(((x - left) * image.width) / width, 0, image.width);
  const toImageY = (y: number) => clamp(((y - top) * image.height) / height, 0, image.height);
  return {
    inner: { width, height },
    left,
    top,
    right: input.width - width - left,
    bottom: input.height - height - top,
    toImage: ([x1, y1, x2, y2]) => [toImageX(x1), toImageY(y1), toImageX(x2), toImageY(y2)],
  };
}

/** An image in the model's input size. */
export interface Letterboxed extends RgbImage {
  /** Converts a box from pixels of the model's input to pixels of the image, cut off at the image's edges. */
  toImage(box: Box): Box;
}

/** The grey border and the filter that YOLOv5 was trained with. */
const YOLOV5: Pick<PictureSpec, "pad" | "filter"> = { pad: 114, filter: "linear" };

/**
 * Scales an image into the model's input, centred, with its aspect ratio kept and a grey border.
 *
 * The kernel `linear` is a triangle as wide as the scale: the same as YOLOv5's bilinear kernel when enlarging, and smoother when
 * shrinking, where the original skips pixels. On a street with labelled people, neither the original's interpolation nor cubic,
 * Mitchell or Lanczos kernels find more people, at any scale. An image that already has the right size is returned unchanged.
 */
export async function letterbox(
  image: RgbImage,
  input: Size,
  { pad, filter }: Pick<PictureSpec, "pad" | "filter"> = YOLOV5,
): Promise<Letterboxed> {
  const { toImage, inner, left, top, right, bottom } = letterboxGeometry(image, input);
  const { width, height } = input;
  if (image.width === width && image.height === height) {
    return { width, height, pixels: image.pixels, toImage };
  }

  let pipeline = sharp(image.pixels, { raw: { width: image.width, height: image.height, channels: 3 } });
  if (inner.width !== image.width || inner.height !== image.height) {
    pipeline = pipeline.resize(inner.width, inner.height, { fit: "fill", kernel: filter });
  }
  const bordered = pipeline.extend({ left, top, right, bottom, background: { r: pad, g: pad, b: pad } });
  return { width, height, pixels: await bordered.raw().toBuffer(), toImage };
}
