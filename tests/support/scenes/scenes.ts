import sharp from "sharp";
import type { Box } from "../../../agent/base/box.ts";
import type { RgbImage } from "../../../agent/base/rgb-image.ts";
import { readClip } from "../../../agent/camera/clip.ts";
import type { Frame } from "../../../agent/camera/frame.ts";
import { rgbOf } from "../../../agent/preprocess/rgb.ts";
import { seeded } from "../base/seeded.ts";
import { rgbToRawFrame } from "../camera/raw-frames.ts";

/** A camera that films a composed scene. It adds light and noise, like a real one. */
export interface SceneOptions {
  readonly seconds: number;
  readonly fps?: number;
  /** Standard deviation of the noise of each colour of each pixel, 0..255. Default: 4, a cheap camera indoors. */
  readonly noise?: number;
  /** Brightness at a second; 1: as painted. Default: slow clouds, ±10 % in three minutes. */
  readonly lightAt?: (second: number) => number;
  readonly seed?: number;
}

/** Clouds: ±10 % of brightness in three minutes. */
export function clouds(second: number): number {
  return 1 + 0.1 * Math.sin((2 * Math.PI * second) / 180);
}

/** Clouds, and a jump of the exposure by a third, up or down, every minute. */
export function exposureJumps(second: number): number {
  return clouds(second) * (Math.floor(second / 60) % 2 === 0 ? 1 : 1.33);
}

/** The frames of a scene; equal options give equal frames. @param paint the scene at a second, before light and noise */
export async function* filmScene(
  paint: (second: number) => RgbImage,
  { seconds, fps = 5, noise = 4, lightAt = clouds, seed = 1 }: SceneOptions,
): AsyncGenerator<Frame, void> {
  const random = seeded(seed);
  const grain = gaussian(random, GRAINS, noise);
  const lit = new Float32Array(256);
  for (let sequence = 0; sequence < seconds * fps; sequence++) {
    const second = sequence / fps;
    const { width, height, pixels } = paint(second);
    const light = lightAt(second);
    for (let level = 0; level < 256; level++) lit[level] = level * light;
    const seen = new Uint8ClampedArray(pixels.length);
    const start = Math.floor(random() * GRAINS);
    for (let index = 0; index < pixels.length; index++) {
      seen[index] = (lit[pixels[index] ?? 0] ?? 0) + (grain[(start + index) & (GRAINS - 1)] ?? 0);
    }
    const frame = rgbToRawFrame({ width, height, pixels: new Uint8Array(seen.buffer) });
    yield { camera: "scene", sequence, timeMs: second * 1000, ...frame };
  }
}

/** A power of two that is larger than a frame. Each frame uses another section of the noise. */
const GRAINS = 2 ** 22;

/** Normally distributed numbers (Box and Muller 1958). */
function gaussian(random: () => number, count: number, deviation: number): Float32Array {
  const numbers = new Float32Array(count);
  for (let index = 0; index < count; index += 2) {
    const radius = deviation * Math.sqrt(-2 * Math.log(1 - random()));
    const angle = 2 * Math.PI * random();
    numbers[index] = radius * Math.cos(angle);
    numbers[index + 1] = radius * Math.sin(angle);
  }
  return numbers;
}

/** The first frame of a clip. */
export async function firstFrame(file: string): Promise<RgbImage> {
  for await (const frame of readClip({ camera: "clip", file }, { signal: NEVER })) return rgbOf(frame);
  throw new Error(`${file} is empty`);
}

const NEVER = new AbortController().signal;

/** A part of a photograph that can be pasted into an image. */
export interface Cutout extends RgbImage {
  /** Opacity of each pixel, 0..1. */
  readonly cover: Float32Array;
}

/**
 * Cuts a rectangle (pixels) out of a photograph, enlarges it, and softens its edges.
 * @param hidden rectangles of the photograph that become transparent.
 */
export async function cutOut(
  photograph: string,
  [left, top, right, bottom]: Box,
  enlargement: number,
  hidden: readonly Box[] = [],
): Promise<Cutout> {
  const width = Math.round((right - left) * enlargement);
  const height = Math.round((bottom - top) * enlargement);
  const cut = sharp(photograph).extract({ left, top, width: right - left, height: bottom - top });
  const pixels = await cut.resize(width, height, { fit: "fill" }).removeAlpha().raw().toBuffer();
  const soft = Math.max(2, height / 16);
  const cover = Float32Array.from({ length: width * height }, (_, index) => {
    const [x, y] = [index % width, Math.floor(index / width)];
    const at = [left + x / enlargement, top + y / enlargement] as const;
    if (hidden.some(([x1, y1, x2, y2]) => at[0] >= x1 && at[0] < x2 && at[1] >= y1 && at[1] < y2)) return 0;
    return Math.min(1, Math.min(x + 1, width - x, y + 1, height - y) / soft);
  });
  return { width, height, pixels, cover };
}

/** Pastes a cutout into an image. Its upper left corner (x, y) may be outside. */
export function paste(background: RgbImage, cutout: Cutout, x: number, y: number): RgbImage {
  const { width, height } = background;
  const pixels = background.pixels.slice();
  const [left, top] = [Math.round(x), Math.round(y)];
  for (let row = Math.max(0, -top); row < Math.min(cutout.height, height - top); row++) {
    for (let column = Math.max(0, -left); column < Math.min(cutout.width, width - left); column++) {
      const from = row * cutout.width + column;
      const to = 3 * ((top + row) * width + left + column);
      const cover = cutout.cover[from] ?? 0;
      for (let colour = 0; colour < 3; colour++) {
        const behind = pixels[to + colour] ?? 0;
        pixels[to + colour] = Math.round(behind + cover * ((cutout.pixels[3 * from + colour] ?? 0) - behind));
      }
    }
  }
  return { width, height, pixels };
}

/** Position, 0..1, of a car that starts at one second and stops at another. */
export function drive(second: number, from: number, to: number): number {
  const share = Math.min(1, Math.max(0, (second - from) / (to - from)));
  return share * share * (3 - 2 * share);
}
