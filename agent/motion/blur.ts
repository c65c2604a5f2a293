import type { Size } from "../preprocess/letterbox-geometry.ts";

/**
 * Smooths a picture in place by [1 2 1] / 4 across and down (a binomial approximation of a Gaussian of 0.7 pixels): takes two
 * thirds of the noise that differs from pixel to pixel. Beyond the edge lies what is at the edge.
 */
export function blur(picture: Float32Array, { width, height }: Size, above: Float32Array) {
  for (let y = 0; y < height; y++) {
    const first = y * width;
    let left = picture[first] ?? 0;
    let here = left;
    for (let index = first; index < first + width - 1; index++) {
      const right = picture[index + 1] ?? 0;
      picture[index] = (left + 2 * here + right) / 4;
      left = here;
      here = right;
    }
    picture[first + width - 1] = (left + 3 * here) / 4;
  }
  // `above` keeps the row above as it was before it was smoothed.
  for (let x = 0; x < width; x++) above[x] = picture[x] ?? 0;
  const last = (height - 1) * width;
  for (let first = 0; first < picture.length; first += width) {
    for (let x = 0; x < width; x++) {
      const here = picture[first + x] ?? 0;
      const below = first === last ? here : (picture[first + width + x] ?? 0);
      picture[first + x] = ((above[x] ?? 0) + 2 * here + below) / 4;
      above[x] = here;
    }
  }
}
