import sharp from "sharp";
import { ConfigError } from "../base/errors.ts";
import { plainText } from "../base/plain-text.ts";
import type { RgbImage } from "../base/rgb-image.ts";

/** The largest picture that is decoded: 120 megapixels, as phones take them, which are 360 MB as RGB. */
const MOST_PIXELS = 120e6;

/** Whether a file holds a picture (JPEG, PNG, WebP, …) rather than a video; looks at its content, not at its name. */
export async function isImage(file: string): Promise<boolean> {
  return sharp(file)
    .metadata()
    .then(
      () => true,
      () => false,
    );
}

/** Characters of a file name, and of a complaint, that are shown. */
const LONGEST_TEXT = 1000;

/**
 * Reads a picture as RGB, turned upright as its EXIF orientation says; transparent parts become grey.
 * @throws ConfigError when it is damaged.
 */
export async function readImage(file: string): Promise<RgbImage> {
  try {
    const upright = sharp(file, { limitInputPixels: MOST_PIXELS })
      .autoOrient()
      .flatten({ background: "#727272" })
      .toColourspace("srgb");
    const { data, info } = await upright.raw().toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, pixels: data };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(
      `${plainText(file, LONGEST_TEXT)} cannot be decoded: ${plainText(why, LONGEST_TEXT)}`,
      "Check that the picture opens elsewhere.",
      {
        cause,
      },
    );
  }
}
