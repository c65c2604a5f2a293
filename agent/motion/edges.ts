import type { Size } from "../preprocess/letterbox-geometry.ts";

/**
 * How steep a picture is at a pixel: its change across plus its change down, from neighbour to neighbour, grey levels per two
 * pixels; at the picture's edge as steep as beside it.
 * A camera that trembles by a part of a pixel changes a picture by about that part of it.
 */
export function steepnessAt(picture: Float32Array, { width, height }: Size, index: number): number {
  const y = Math.floor(index / width);
  const inner = clamp(y, 1, height - 2) * width + clamp(index - y * width, 1, width - 2);
  const across = (picture[inner + 1] ?? 0) - (picture[inner - 1] ?? 0);
  const down = (picture[inner + width] ?? 0) - (picture[inner - width] ?? 0);
  return Math.abs(across) + Math.abs(down);
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(Math.min(value, most), least);
}
