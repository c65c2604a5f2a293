import type { Box } from "../../detectors/detector.ts";
import type { Size } from "../preprocess/letterbox-geometry.ts";

/** Pixels that belong together. */
export interface Component {
  /** Around its moved pixels, in pixels of the small picture; x2 and y2 lie just outside. */
  readonly box: Box;
  /** Moved pixels. */
  readonly area: number;
}

/**
 * Groups of moved pixels, from top to bottom; pixels up to `reach` apart in x and y are one group, so that a head and a coat are.
 * @param moved 1 for each moved pixel, row by row.
 */
export function findComponents(
  moved: Uint8Array,
  { width, height }: Size,
  reach: number,
): readonly Component[] {
  const visited = new Uint8Array(moved.length);
  const pending: number[] = [];
  const components: Component[] = [];
  for (let first = 0; first < moved.length; first++) {
    if (moved[first] === 0 || visited[first] === 1) continue;
    let x1 = width;
    let y1 = height;
    let x2 = 0;
    let y2 = 0;
    let area = 0;
    visited[first] = 1;
    pending.push(first);
    for (let index = pending.pop(); index !== undefined; index = pending.pop()) {
      const x = index % width;
      const y = (index - x) / width;
      area++;
      x1 = Math.min(x1, x);
      y1 = Math.min(y1, y);
      x2 = Math.max(x2, x + 1);
      y2 = Math.max(y2, y + 1);
      const right = Math.min(x + reach, width - 1);
      const bottom = Math.min(y + reach, height - 1);
      for (let row = Math.max(y - reach, 0); row <= bottom; row++) {
        for (let near = row * width + Math.max(x - reach, 0); near <= row * width + right; near++) {
          if (moved[near] === 0 || visited[near] === 1) continue;
          visited[near] = 1;
          pending.push(near);
        }
      }
    }
    components.push({ box: [x1, y1, x2, y2], area });
  }
  return components;
}
