import type { Size } from "../preprocess/letterbox-geometry.ts";

/**
 * How steep a picture is at each pixel: its change across plus its change down, from neighbour to neighbour, grey levels per two
 * pixels; at the picture's edge as steep as beside it.
 * A camera that trembles by a part of a pixel changes a picture by about that part of it.
 */
export function findSteepness(picture: Float32Array, { width, height }: Size, steepness: Float32Array) {
  for (let y = 1; y < height - 1; y++) {
    const first = y * width;
    for (let index = first + 1; index < first + width - 1; index++) {
      const across = (picture[index + 1] ?? 0) - (picture[index - 1] ?? 0);
      const down = (picture[index + width] ?? 0) - (picture[index - width] ?? 0);
      steepness[index] = Math.abs(across) + Math.abs(down);
    }
    steepness[first] = steepness[first + 1] ?? 0;
    steepness[first + width - 1] = steepness[first + width - 2] ?? 0;
  }
  steepness.copyWithin(0, width, 2 * width);
  steepness.copyWithin((height - 1) * width, (height - 2) * width, (height - 1) * width);
}
