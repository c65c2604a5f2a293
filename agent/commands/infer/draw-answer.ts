import sharp from "sharp";
import { annotate } from "../../view/annotate.ts";
import type { TaskAnswer } from "./answers.ts";
import type { InputPicture } from "./read-inputs.ts";

/** Opacity of the hottest place of a heat map, 0 to 255. */
const MAX_OPACITY = 180;
const RED = [255, 40, 0] as const;

/**
 * Draws the boxes of a detector into the picture, or the heat map over the picture as the module saw it.
 * @returns a JPEG; undefined for an answer that cannot be drawn
 */
export async function drawAnswer(answer: TaskAnswer, picture: InputPicture): Promise<Buffer | undefined> {
  if (answer.detections !== undefined) return annotate(picture.image, answer.detections);
  if (answer.anomaly === undefined) return undefined;
  const { map } = answer.anomaly;
  const size = { width: map[0]?.length ?? 0, height: map.length };
  const { width, height, pixels } = picture.fitted;
  const heat = await sharp(heatPixels(map), { raw: { ...size, channels: 4 } })
    .resize(width, height, { fit: "fill", kernel: "cubic" })
    .png()
    .toBuffer();
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .composite([{ input: heat }])
    .jpeg({ quality: 88, chromaSubsampling: "4:4:4" })
    .toBuffer();
}

/** Red whose opacity rises from the lowest to the highest number: a map has no fixed range. */
function heatPixels(map: readonly (readonly number[])[]): Uint8Array {
  const numbers = map.flat();
  const low = numbers.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const high = numbers.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const step = high > low ? MAX_OPACITY / (high - low) : 0;
  return Uint8Array.from(numbers.flatMap((value) => [...RED, Math.round((value - low) * step)]));
}
