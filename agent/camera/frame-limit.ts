import type { Size } from "../base/box.ts";
import { ConfigError } from "../base/errors.ts";

/** The largest frame that is decoded: 4096×2176, enough for DCI 4K. The decoder needs 13 MB for each frame. */
export const MOST_PIXELS = 4096 * 2176;

/** ffmpeg and ffprobe arguments, placed before `-i`: decoders refuse larger frames before they allocate memory. */
export const FRAME_SIZE_LIMIT: readonly string[] = ["-max_pixels", String(MOST_PIXELS)];

export const SMALLER_FRAMES_REMEDY =
  "Set the stream to at most 4096×2176 in the camera, or use the camera's smaller second stream.";

/** @throws ConfigError if frames of this size are too large to decode */
export function requireSupportedSize(camera: string, { width, height }: Size): void {
  if (width * height <= MOST_PIXELS) return;
  throw new ConfigError(
    `${camera}: its frames are too large: expected at most ${MOST_PIXELS / 1e6} megapixels, received ${width}×${height}`,
    SMALLER_FRAMES_REMEDY,
  );
}
