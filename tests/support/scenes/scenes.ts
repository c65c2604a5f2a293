import sharp from "sharp";
import { readClip } from "../../../agent/camera/clip.ts";
import type { Frame } from "../../../agent/camera/frame.ts";
import type { Picture } from "../../../agent/preprocess/letterbox.ts";
import { rgbOf } from "../../../agent/preprocess/rgb.ts";
import { seeded } from "../base/seeded.ts";
import { filmed } from "../camera/video-picture.ts";

/** A camera that looks at a painted world for a while: what a real one adds to it is light and noise. */
export interface SceneOptions {
  readonly seconds: number;
  readonly fps?: number;
  /** Standard deviation of each colour of each pixel, 0..255. Default: 4, a cheap camera indoors. */
  readonly noise?: number;
  /** How bright a second is, 1: as painted. Default: slow clouds, ±10 % in three minutes. */
  readonly lightAt?: (second: number) => number;
  readonly seed?: number;
}

/** Clouds: ±10 % of brightness in three minutes. */
export function clouds(second: number): number {
  return 1 + 0.1 * Math.sin((2 * Math.PI * second) / 180);
}

/** Clouds, and every minute the camera's exposure jumps up or down by a third within one frame. */
export function exposureJumps(second: number): number {
  return clouds(second) * (Math.floor(second / 60) % 2 === 0 ? 1 : 1.33);
}

/** The frames of a scene, the same for the same options. @param paint the world at a second, before light and noise. */
export async function* filmScene(
  paint: (second: number) => Picture,
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
    const picture = filmed({ width, height, pixels: new Uint8Array(seen.buffer) });
    yield { camera: "scene", sequence, timeMs: second * 1000, ...picture };
  }
}

/** A power of two, larger than a frame: no two frames show the same noise at the same places. */
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

/** The first picture of a clip. */
export async function firstPicture(file: string): Promise<Picture> {
  for await (const frame of readClip({ camera: "clip", file }, { signal: NEVER })) return rgbOf(frame);
  throw new Error(`${file} is empty`);
}

const NEVER = new AbortController().signal;

/** A part of a photograph that can be put into another picture. */
export interface Cutout extends Picture {
  /** 0..1 per pixel: how much of it covers what is behind. */
  readonly cover: Float32Array;
}

/** Cuts a rectangle (pixels) out of a photograph, enlarges it, and softens its edges. */
export async function cutOut(
  photograph: string,
  [left, top, right, bottom]: readonly [number, number, number, number],
  enlargement: number,
): Promise<Cutout> {
  const width = Math.round((right - left) * enlargement);
  const height = Math.round((bottom - top) * enlargement);
  const cut = sharp(photograph).extract({ left, top, width: right - left, height: bottom - top });
  const pixels = await cut.resize(width, height, { fit: "fill" }).removeAlpha().raw().toBuffer();
  const soft = Math.max(2, height / 16);
  const cover = Float32Array.from({ length: width * height }, (_, index) => {
    const [x, y] = [index % width, Math.floor(index / width)];
    return Math.min(1, Math.min(x + 1, width - x, y + 1, height - y) / soft);
  });
  return { width, height, pixels, cover };
}

/** A picture with a cutout in it, its upper left corner at (x, y), which may lie outside. */
export function paste(background: Picture, cutout: Cutout, x: number, y: number): Picture {
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

/** How far a car has come, 0..1, that sets out at one second and brakes until another. */
export function drive(second: number, from: number, to: number): number {
  const share = Math.min(1, Math.max(0, (second - from) / (to - from)));
  return share * share * (3 - 2 * share);
}
