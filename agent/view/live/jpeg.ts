import sharp, { type Sharp } from "sharp";
import { type Box, enlarged } from "../../base/box.ts";
import type { Frame } from "../../camera/frame.ts";
import { rgbOf } from "../../preprocess/rgb.ts";

const QUALITY = 80;
/** Longest side of a snapshot in pixels: sharp on a phone, some 15 kB. */
const CROP_PX = 320;
/** Longest side of the picture of a past event: sharp on a large screen, some 80 kB. */
const PICTURE_PX = 1280;
/** Relative to the object's size: the surroundings show where it is. */
const MARGIN = 0.4;

/** Encodes a frame as JPEG. The frame's pixels are no longer needed when this returns. */
export function frameJpeg(frame: Frame): Promise<Buffer> {
  return rgbImage(frame).jpeg({ quality: QUALITY }).toBuffer();
}

/** Encodes a frame as a JPEG of at most 1280 pixels per side. The frame's pixels are no longer needed when this returns. */
export function pictureJpeg(frame: Frame): Promise<Buffer> {
  return rgbImage(frame)
    .resize({ width: PICTURE_PX, height: PICTURE_PX, fit: "inside", withoutEnlargement: true })
    .jpeg({ quality: QUALITY })
    .toBuffer();
}

/** Encodes an object and its surroundings as a JPEG of at most 320 pixels per side. */
export function cropJpeg(frame: Frame, box: Box): Promise<Buffer> {
  const [x1, y1, x2, y2] = enlarged(box, MARGIN);
  const left = Math.min(frame.width - 1, Math.max(0, Math.floor(x1)));
  const top = Math.min(frame.height - 1, Math.max(0, Math.floor(y1)));
  const right = Math.min(frame.width, Math.max(left + 1, Math.ceil(x2)));
  const bottom = Math.min(frame.height, Math.max(top + 1, Math.ceil(y2)));
  return rgbImage(frame, [left, top, right, bottom])
    .resize({ width: CROP_PX, height: CROP_PX, fit: "inside", withoutEnlargement: true })
    .jpeg({ quality: QUALITY })
    .toBuffer();
}

function rgbImage(frame: Frame, region?: Box): Sharp {
  const { width, height, pixels } = rgbOf(frame, region);
  return sharp(pixels, { raw: { width, height, channels: 3 } });
}
