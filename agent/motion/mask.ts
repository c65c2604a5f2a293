import { type Polygon, polygonContains } from "../base/polygon.ts";
import type { Size } from "../preprocess/letterbox-geometry.ts";

/** 1 for each pixel of the small picture that counts, 0 where its centre lies in a mask. Drawn once per camera. */
export function drawWatched({ width, height }: Size, masks: readonly Polygon[]): Uint8Array {
  return Uint8Array.from({ length: width * height }, (_, index) => {
    const centre = [((index % width) + 0.5) / width, (Math.floor(index / width) + 0.5) / height] as const;
    return masks.some((mask) => polygonContains(mask, centre)) ? 0 : 1;
  });
}
