import sharp from "sharp";
import type { RgbImage } from "../base/rgb-image.ts";
import { drawMarks, type Mark } from "./marks.ts";

/**
 * Draws boxes with labels into a picture.
 * @returns a JPEG, colours not halved in resolution: thin coloured lines would fray.
 */
export async function annotate(picture: RgbImage, marks: readonly Mark[]): Promise<Buffer> {
  const { width, height, pixels } = picture;
  const drawing = Buffer.from(drawMarks(width, height, marks));
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .composite([{ input: drawing }])
    .jpeg({ quality: 88, chromaSubsampling: "4:4:4" })
    .toBuffer();
}
