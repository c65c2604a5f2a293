import sharp from "sharp";
import type { PictureSpec } from "../../detectors/detector.ts";
import type { Box, Size } from "../base/box.ts";
import { clamp } from "../base/numbers.ts";
import type { RgbImage } from "../base/rgb-image.ts";
import { type Letterboxed, letterbox } from "./letterbox.ts";

/**
 * Scales an image to the input of a module, as its description says. An image that already has the right size is returned
 * unchanged.
 */
export async function fitImage(image: RgbImage, input: Size, picture: PictureSpec): Promise<Letterboxed> {
  const { width, height } = input;
  if (picture.fit === "letterbox-centre") return letterbox(image, input, picture);
  const scale = { x: width / image.width, y: height / image.height };
  const isCrop = picture.fit === "crop";
  const larger = Math.max(scale.x, scale.y);
  const [scaleX, scaleY] = isCrop ? [larger, larger] : [scale.x, scale.y];
  const left = (image.width * scaleX - width) / 2;
  const top = (image.height * scaleY - height) / 2;
  const toX = (x: number): number => clamp((x + left) / scaleX, 0, image.width);
  const toY = (y: number): number => clamp((y + top) / scaleY, 0, image.height);
  const toImage = ([x1, y1, x2, y2]: Box): Box => [toX(x1), toY(y1), toX(x2), toY(y2)];
  if (image.width === width && image.height === height) {
    return { width, height, pixels: image.pixels, toImage };
  }
  const pixels = await sharp(image.pixels, { raw: { width: image.width, height: image.height, channels: 3 } })
    .resize(width, height, { fit: isCrop ? "cover" : "fill", kernel: picture.filter })
    .raw()
    .toBuffer();
  return { width, height, pixels, toImage };
}
