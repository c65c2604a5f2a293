import type { Size } from "../base/box.ts";

/**
 * Smooths a grey image in place with [1 2 1] / 4 in both directions (a binomial approximation of a Gaussian of 0.7 pixels):
 * this removes two thirds of the noise that differs from pixel to pixel. Edge pixels are repeated beyond the edge.
 * @param above a buffer of one row.
 */
export function blur(grey: Float32Array, { width, height }: Size, above: Float32Array) {
  for (let y = 0; y < height; y++) {
    const first = y * width;
    let left = grey[first] ?? 0;
    let here = left;
    for (let index = first; index < first + width - 1; index++) {
      const right = grey[index + 1] ?? 0;
      grey[index] = (left + 2 * here + right) / 4;
      left = here;
      here = right;
    }
    grey[first + width - 1] = (left + 3 * here) / 4;
  }
  // `above` keeps the values of the row above from before it was smoothed.
  for (let x = 0; x < width; x++) above[x] = grey[x] ?? 0;
  const last = (height - 1) * width;
  for (let first = 0; first < grey.length; first += width) {
    for (let x = 0; x < width; x++) {
      const here = grey[first + x] ?? 0;
      const below = first === last ? here : (grey[first + width + x] ?? 0);
      grey[first + x] = ((above[x] ?? 0) + 2 * here + below) / 4;
      above[x] = here;
    }
  }
}

/**
 * The gradient at a pixel: the absolute differences between its neighbours across and down, added, in grey levels per two
 * pixels. Edge pixels have the gradient of the pixel next to them.
 * A camera that trembles by a fraction of a pixel changes an image by about that fraction of its gradient.
 */
export function gradientAt(grey: Float32Array, { width, height }: Size, index: number): number {
  const y = Math.floor(index / width);
  const row = Math.max(1, Math.min(y, height - 2));
  const column = Math.max(1, Math.min(index - y * width, width - 2));
  const inner = row * width + column;
  const across = (grey[inner + 1] ?? 0) - (grey[inner - 1] ?? 0);
  const down = (grey[inner + width] ?? 0) - (grey[inner - width] ?? 0);
  return Math.abs(across) + Math.abs(down);
}
