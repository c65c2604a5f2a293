import sharp from "sharp";
import { ConfigError } from "../base/errors.ts";
import type { RgbImage } from "../base/rgb-image.ts";

/** Whether a file holds a picture (JPEG, PNG, WebP, …) rather than a video; looks at its content, not at its name. */
export async function isImage(file: string): Promise<boolean> {
  return sharp(file)
    .metadata()
    .then(
      () => true,
      () => false,
    );
}

/**
 * Reads a picture as RGB, turned upright as its EXIF orientation says; transparent parts become grey.
 * @throws ConfigError when it is damaged.
 */
export async function readImage(file: string): Promise<RgbImage> {
  try {
    const upright = sharp(file).autoOrient().flatten({ background: "#727272" }).toColourspace("srgb");
    const { data, info } = await upright.raw().toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, pixels: data };
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`${file} cannot be decoded: ${why}`, "Check that the picture opens elsewhere.", {
      cause,
    });
  }
}
