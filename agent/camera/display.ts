import type { Size } from "../base/box.ts";
import { requireSize } from "./ffmpeg-filters.ts";
import { MOST_PIXELS } from "./frame-limit.ts";
import type { VideoFormat } from "./rtsp/access-unit.ts";

/** How a stream's frames are shown. */
export interface Display {
  readonly format: VideoFormat;
  /** Clockwise rotation in degrees that displays the frames upright: 0, 90, 180 or 270. */
  readonly rotation: number;
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
  readonly rotation: number;
}): Size {
  const { width, height } = squareSize(format);
  return isSideways(rotation) ? { width: height, height: width } : { width, height };
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

function isSideways(rotation: number): boolean {
  return rotation === 90 || rotation === 270;
}

const ROTATIONS: Readonly<Record<number, string>> = {
  90: "transpose=clock",
  180: "hflip,vflip",
  270: "transpose=cclock",
};

/**
 * An ffmpeg filter that shows a stream's frames upright and in this size, and fails on frames that do not have the stream's
 * own size.
 */
export function displayFilter(display: Display, { width, height }: Size): string {
  const { format, rotation } = display;
  // Rotated after scaling, when there are usually fewer pixels.
  const scaled = isSideways(rotation) ? { width: height, height: width } : { width, height };
  const isOwn = scaled.width === format.size.width && scaled.height === format.size.height;
  const filters = [
    requireSize(format.size),
    isOwn ? undefined : `scale=${scaled.width}:${scaled.height}`,
    ROTATIONS[rotation],
  ];
  return filters.filter((filter) => filter !== undefined).join(",");
}
