import sharp from "sharp";
import { ConfigError } from "../base/errors.ts";
import { plainText } from "../base/plain-text.ts";
import type { RgbImage } from "../base/rgb-image.ts";
import type { Rotation } from "../base/rotation.ts";

/** The largest image that is decoded: 120 megapixels, as phones take them, 360 MB as RGB. */
const MOST_PIXELS = 120e6;

/** Whether a file contains an image (JPEG, PNG, WebP, …) and not a video; examines the content, not the file name. */
export async function isImage(file: string): Promise<boolean> {
  return sharp(file)
    .metadata()
    .then(
      () => true,
      () => false,
    );
}

/** Characters of a file name or error message. */
const LONGEST_TEXT = 1000;

/**
 * Reads an image as RGB, rotated upright by its EXIF orientation; transparent parts become grey.
 * @param rotate rotates it further
 * @throws ConfigError if it is damaged.
 */
export async function readImage(file: string, rotate: Rotation = 0): Promise<RgbImage> {
  try {
    const upright = sharp(file, { limitInputPixels: MOST_PIXELS })
      .autoOrient()
      .rotate(rotate)
      .flatten({ background: "#727272" })
      .toColourspace("srgb");
    const { data, info } = await upright.raw().toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, pixels: data };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(
      `${plainText(file, LONGEST_TEXT)} cannot be decoded: ${plainText(why, LONGEST_TEXT)}`,
      "Check that other programs can open the image.",
      { cause },
    );
  }
}
