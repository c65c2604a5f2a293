import sharp from "sharp";
import type { Box } from "../../../detectors/detector.ts";
import { enlarged } from "../../base/box.ts";
import type { Picture } from "../../preprocess/letterbox.ts";

const QUALITY = 80;
/** Longest side of an event's picture, pixels: sharp on a phone, some 15 kB. */
const CROP_PX = 320;
/** Of an object's own size: what is around it tells where it is. */
const MARGIN = 0.4;

/** The whole picture. @returns a JPEG */
export function wholeJpeg({ width, height, pixels }: Picture): Promise<Buffer> {
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: QUALITY })
    .toBuffer();
}

/** An object and a little around it. @returns a JPEG of at most 320 pixels a side */
export function cropJpeg({ width, height, pixels }: Picture, box: Box): Promise<Buffer> {
  const [x1, y1, x2, y2] = enlarged(box, MARGIN);
  const left = Math.min(width - 1, Math.max(0, Math.floor(x1)));
  const top = Math.min(height - 1, Math.max(0, Math.floor(y1)));
  const right = Math.min(width, Math.max(left + 1, Math.ceil(x2)));
  const bottom = Math.min(height, Math.max(top + 1, Math.ceil(y2)));
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .extract({ left, top, width: right - left, height: bottom - top })
    .resize({ width: CROP_PX, height: CROP_PX, fit: "inside", withoutEnlargement: true })
    .jpeg({ quality: QUALITY })
    .toBuffer();
}
