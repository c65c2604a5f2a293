import type { Size } from "../base/box.ts";
import { ConfigError } from "../base/errors.ts";

/** The largest frame that is decoded: 4096×2176, which 4K of the cinema fits into. A frame takes a decoder 13 MB. */
export const MOST_PIXELS = 4096 * 2176;

/** Makes ffmpeg's and ffprobe's decoders refuse larger frames before they take memory for them; goes in front of `-i`. */
export const LIMITED_FRAMES: readonly string[] = ["-max_pixels", String(MOST_PIXELS)];

/** What to do about frames that are too large. */
export const SMALLER_FRAMES =
  "Set the stream to at most 4096×2176 in the camera, or take the camera's smaller second stream.";

/** @throws ConfigError where frames of this size are not decoded */
export function requireModestSize(camera: string, { width, height }: Size): void {
  if (width * height <= MOST_PIXELS) return;
  throw new ConfigError(
    `${camera}: its frames are too large: expected at most ${MOST_PIXELS / 1e6} megapixels, received ${width}×${height}`,
    SMALLER_FRAMES,
  );
}
