import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { RgbImage } from "../../agent/base/rgb-image.ts";
import { probeClip, readClip } from "../../agent/camera/clip.ts";
import { readImage } from "../../agent/camera/image.ts";
import { letterbox } from "../../agent/preprocess/letterbox.ts";
import { rgbOf } from "../../agent/preprocess/rgb.ts";
import { findMedia } from "../materials.ts";
import type { Size } from "./contestants.ts";

/** The default clips and images. */
const CLIPS = ["person.mp4", "cars.mp4", "street.mp4"];
const IMAGES = "images";

/** The clips and photographs of the project's material that this machine has. */
export function usualMedia(): { readonly clips: readonly string[]; readonly images: readonly string[] } {
  const folder = findMedia(IMAGES);
  const clips = CLIPS.map(findMedia).filter((path) => path !== undefined);
  const images =
    folder === undefined
      ? []
      : readdirSync(folder)
          .sort()
          .map((name) => join(folder, name));
  return { clips, images };
}

/** A stretch of each clip, 0..1 of its length, and the seconds between two frames. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly everySeconds: number;
}

/**
 * Reads frames of clips and photographs in a model's input size, letterboxed as in the agent.
 * @returns height × width × 3 bytes each, RGB
 */
export async function* framesOf(
  { clips, images }: { readonly clips: readonly string[]; readonly images: readonly string[] },
  size: Size,
  { from, to, everySeconds }: Stretch,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  const fitted = async (image: RgbImage): Promise<Uint8Array> => (await letterbox(image, size)).pixels;
  for (const image of images) yield await fitted(await readImage(image));
  for (const file of clips) {
    const { seconds = Number.POSITIVE_INFINITY } = await probeClip(file, { signal });
    const clip = { camera: file, file, fps: 1 / everySeconds };
    for await (const frame of readClip(clip, { signal })) {
      const position = frame.timeMs / 1000 / seconds;
      if (position >= from && position < to) yield await fitted(rgbOf(frame));
    }
  }
}
