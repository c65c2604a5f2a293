import sharp from "sharp";
import type { RgbImage } from "../base/rgb-image.ts";
import { drawMarks, type Mark } from "./marks.ts";

/**
 * Draws boxes with labels into an image.
 * @returns a JPEG with full colour resolution, since subsampling would blur thin coloured lines
 */
export async function annotate(image: RgbImage, marks: readonly Mark[]): Promise<Buffer> {
  const { width, height, pixels } = image;
  const drawing = Buffer.from(drawMarks(width, height, marks));
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .composite([{ input: drawing }])
    .jpeg({ quality: 88, chromaSubsampling: "4:4:4" })
    .toBuffer();
}
