import type { Size } from "../preprocess/letterbox-geometry.ts";

/**
 * How steep a picture is at each pixel: the largest step to a neighbour to the left, right, above or below, grey levels.
 * A camera that trembles by a part of a pixel changes a picture by that part of it.
 */
export function findSteepness(picture: Float32Array, { width, height }: Size, steepness: Float32Array) {
  for (let y = 0; y < height; y++) {
    const first = y * width;
    const above = y === 0 ? 0 : -width;
    const below = y === height - 1 ? 0 : width;
    for (let x = 0; x < width; x++) {
      const index = first + x;
      const here = picture[index] ?? 0;
      const left = Math.abs(here - (picture[x === 0 ? index : index - 1] ?? 0));
      const right = Math.abs(here - (picture[x === width - 1 ? index : index + 1] ?? 0));
      const up = Math.abs(here - (picture[index + above] ?? 0));
      const down = Math.abs(here - (picture[index + below] ?? 0));
      steepness[index] = Math.max(left, right, up, down);
    }
  }
}
