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
 * Groups of moved pixels, from top to bottom.
 *
 * The picture is cut into tiles; moved pixels of one tile or of two that touch are one group: a head and a coat are together though
 * the scarf is as grey as the wall, and the cost hardly depends on how much moved.
 * @param moved 1 for each moved pixel, row by row.
 * @param tile side of a tile, pixels: gaps of this size are bridged.
 */
export function findComponents(moved: Uint8Array, size: Size, tile: number): readonly Component[] {
  const across = Math.ceil(size.width / tile);
  const tiles = gatherTiles(moved, size, tile, across);
  const components: Component[] = [];
  // Tiles leave the map as they are gathered: what is still there begins a group of its own.
  for (const [first, start] of tiles) {
    let component = start;
    const pending = [first];
    tiles.delete(first);
    for (let place = pending.pop(); place !== undefined; place = pending.pop()) {
      for (const near of neighbours(place, across)) {
        const neighbour = tiles.get(near);
        if (neighbour === undefined) continue;
        tiles.delete(near);
        pending.push(near);
        component = join(component, neighbour);
      }
    }
    components.push(component);
  }
  return components;
}

/** The tiles in which something moved, by their place: row × `across` + column. */
function gatherTiles(moved: Uint8Array, size: Size, tile: number, across: number): Map<number, Component> {
  const tiles = new Map<number, Component>();
  for (let top = 0, place = 0; top < size.height; top += tile) {
    for (let column = 0; column < across; column++, place++) {
      const component = gatherTile(moved, size, tile, column * tile, top);
      if (component !== undefined) tiles.set(place, component);
    }
  }
  return tiles;
}

function gatherTile(
  moved: Uint8Array,
  { width, height }: Size,
  tile: number,
  left: number,
  top: number,
): Component | undefined {
  const right = Math.min(left + tile, width);
  const bottom = Math.min(top + tile, height);
  let [x1, y1, x2, y2, area] = [width, height, 0, 0, 0];
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      if (moved[y * width + x] !== 1) continue;
      area++;
      x1 = Math.min(x1, x);
      y1 = Math.min(y1, y);
      x2 = Math.max(x2, x + 1);
      y2 = y + 1;
    }
  }
  return area === 0 ? undefined : { box: [x1, y1, x2, y2], area };
}

function join(a: Component, b: Component): Component {
  const box: Box = [
    Math.min(a.box[0], b.box[0]),
    Math.min(a.box[1], b.box[1]),
    Math.max(a.box[2], b.box[2]),
    Math.max(a.box[3], b.box[3]),
  ];
  return { box, area: a.area + b.area };
}

/** The up to eight tiles around one; those beyond the top and bottom are in no map. */
function neighbours(place: number, across: number): readonly number[] {
  const column = place % across;
  const columns = [0, ...(column > 0 ? [-1] : []), ...(column < across - 1 ? [1] : [])];
  return columns.flatMap((step) => [place + step - across, place + step, place + step + across]);
}
