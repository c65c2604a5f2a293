import type { RgbImage } from "../../../agent/base/rgb-image.ts";
import { DEFAULT_COLOURS, planeEnds, type RawFrame } from "../../../agent/camera/frame.ts";

/** Converts RGB to a camera's YUV 4:2:0: ITU-R BT.601, limited range. */
export function rgbToRawFrame({ width, height, pixels }: RgbImage): RawFrame {
  const { brightness, blue, red } = planeEnds({ width, height });
  const planes = new Uint8ClampedArray(red);
  const columns = Math.ceil(width / 2);
  const sums = new Float32Array(2 * (red - blue));
  const counts = new Uint8Array(red - blue);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 3) {
      const [r, g, b] = [pixels[at] ?? 0, pixels[at + 1] ?? 0, pixels[at + 2] ?? 0];
      planes[y * width + x] = 16 + 0.256788 * r + 0.504129 * g + 0.097906 * b;
      const colour = (y >> 1) * columns + (x >> 1);
      sums[2 * colour] = (sums[2 * colour] ?? 0) - 0.148223 * r - 0.290993 * g + 0.439216 * b;
      sums[2 * colour + 1] = (sums[2 * colour + 1] ?? 0) + 0.439216 * r - 0.367788 * g - 0.071427 * b;
      counts[colour] = (counts[colour] ?? 0) + 1;
    }
  }
  for (const [colour, count] of counts.entries()) {
    planes[brightness + colour] = 128 + (sums[2 * colour] ?? 0) / count;
    planes[blue + colour] = 128 + (sums[2 * colour + 1] ?? 0) / count;
  }
  return { width, height, planes: new Uint8Array(planes.buffer), colours: DEFAULT_COLOURS };
}

/** A grey frame with a brightness of 0..255 for each pixel. */
export function greyFrame(width: number, height: number, brightness: ArrayLike<number>): RawFrame {
  const ends = planeEnds({ width, height });
  const planes = new Uint8Array(ends.red).fill(128, ends.brightness);
  planes.set(brightness);
  return { width, height, planes, colours: { matrix: "bt601", range: "full" } };
}
