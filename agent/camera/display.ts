import type { Size } from "../base/box.ts";
import { type Rotation, rotatedSize } from "../base/rotation.ts";
import { requireSize } from "./ffmpeg-filters.ts";
import { MOST_PIXELS } from "./frame-limit.ts";
import type { VideoFormat } from "./rtsp/access-unit.ts";

/** How a stream's frames are shown. */
export interface Display {
  readonly format: VideoFormat;
  /** Displays the frames upright. */
  readonly rotation: Rotation;
}

/** Whether frames can be decoded and shown in the same way. */
export function isSameDisplay(a: Display, b: Display): boolean {
  const { codec, size, codedSize, pixelAspect, reorderFrames, isInterlaced } = a.format;
  return (
    a.rotation === b.rotation &&
    codec === b.format.codec &&
    pixelAspect === b.format.pixelAspect &&
    reorderFrames === b.format.reorderFrames &&
    isInterlaced === b.format.isInterlaced &&
    isSameSize(size, b.format.size) &&
    isSameSize(codedSize, b.format.codedSize)
  );
}

function isSameSize(a: Size, b: Size): boolean {
  return a.width === b.width && a.height === b.height;
}

/** Pixels further from a square than this are a mistake of the camera: the widest in use are 2:1 and 1:2 (half a frame). */
const MOST_ASPECT = 4;

/**
 * The size of a stream's frames with square pixels and upright. As in other players the width is adapted: wide pixels lose no
 * detail, and tall ones make no frame larger.
 */
export function displaySize({
  format,
  rotation,
}: {
  readonly format: Pick<VideoFormat, "size" | "pixelAspect">;
  readonly rotation: Rotation;
}): Size {
  return rotatedSize(squareSize(format), rotation);
}

function squareSize({ size, pixelAspect }: Pick<VideoFormat, "size" | "pixelAspect">): Size {
  const { width, height } = size;
  if (pixelAspect === 1 || !(pixelAspect >= 1 / MOST_ASPECT && pixelAspect <= MOST_ASPECT)) return size;
  const wide = even(width * pixelAspect);
  return wide * height <= MOST_PIXELS
    ? { width: wide, height }
    : { width, height: even(height / pixelAspect) };
}

function even(length: number): number {
  return Math.max(2, 2 * Math.round(length / 2));
}

const ROTATION_FILTERS: Readonly<Record<Rotation, readonly string[]>> = {
  0: [],
  90: ["transpose=clock"],
  180: ["hflip", "vflip"],
  270: ["transpose=cclock"],
};

/** ffmpeg filters that scale frames and rotate them. @param size after the rotation */
export function scaleAndRotate(size: Size, rotation: Rotation): readonly string[] {
  const { width, height } = rotatedSize(size, rotation);
  // Rotated after scaling, when there are usually fewer pixels.
  return [`scale=${width}:${height}`, ...ROTATION_FILTERS[rotation]];
}

/**
 * An ffmpeg filter that shows a stream's frames upright and in this size, and fails on frames that do not have the stream's
 * own size.
 */
export function displayFilter({ format, rotation }: Display, size: Size): string {
  const isOwn = isSameSize(format.size, rotatedSize(size, rotation));
  const filters = isOwn ? ROTATION_FILTERS[rotation] : scaleAndRotate(size, rotation);
  return [requireSize(format.size), ...filters].join(",");
}
