import { type Box, boxAround, type Size } from "../base/box.ts";

/** A group of moved pixels. */
export interface Component {
  /** Around the moved pixels, in pixels of the small image; x2 and y2 lie just outside. */
  readonly box: Box;
  /** The number of moved pixels, or the sum of their weights. */
  readonly area: number;
}

/**
 * Finds groups of moved pixels, from top to bottom.
 *
 * The image is divided into tiles. Moved pixels in one tile, or in two adjacent tiles, form one group: a head and a coat
 * belong together even if the scarf is as grey as the wall. The cost hardly depends on the number of moved pixels.
 * @param moved 1 for each moved pixel, row by row.
 * @param tile side of a tile in pixels: gaps of this size are bridged.
 */
export function findComponents(moved: Uint8Array, size: Size, tile: number): readonly Component[] {
  const across = Math.ceil(size.width / tile);
  return joinTiles(gatherTiles(moved, size, tile, across), across);
}

/**
 * Finds groups of few pixels, as `findComponents` does among all; the cost depends on their number.
 * @param pixels their indices, row by row.
 * @param weights of all pixels.
 */
export function findWeighedComponents(
  pixels: Uint32Array,
  weights: Uint8Array,
  { width }: Size,
  tile: number,
): readonly Component[] {
  const across = Math.ceil(width / tile);
  const tiles = new Map<number, Component>();
  for (const index of pixels) {
    const y = Math.floor(index / width);
    const x = index - y * width;
    const tileIndex = Math.floor(y / tile) * across + Math.floor(x / tile);
    const pixel: Component = { box: [x, y, x + 1, y + 1], area: weights[index] ?? 0 };
    const others = tiles.get(tileIndex);
    tiles.set(tileIndex, others === undefined ? pixel : join(others, pixel));
  }
  return joinTiles(tiles, across);
}

/** Joins adjacent tiles; removes them from the map. */
function joinTiles(tiles: Map<number, Component>, across: number): readonly Component[] {
  const components: Component[] = [];
  // Tiles are removed from the map as they join a group: each remaining tile starts a new group.
  for (const [first, start] of tiles) {
    let component = start;
    const pending = [first];
    tiles.delete(first);
    for (let tileIndex = pending.pop(); tileIndex !== undefined; tileIndex = pending.pop()) {
      for (const near of neighbours(tileIndex, across)) {
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

/** The tiles with moved pixels, by their index: row × `across` + column. */
function gatherTiles(moved: Uint8Array, size: Size, tile: number, across: number): Map<number, Component> {
  const tiles = new Map<number, Component>();
  for (let top = 0, tileIndex = 0; top < size.height; top += tile) {
    for (let column = 0; column < across; column++, tileIndex++) {
      const component = gatherTile(moved, size, tile, column * tile, top);
      if (component !== undefined) tiles.set(tileIndex, component);
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
  return { box: boxAround(a.box, b.box), area: a.area + b.area };
}

/** The indices of up to eight adjacent tiles; those above the top and below the bottom are in no map. */
function neighbours(tileIndex: number, across: number): readonly number[] {
  const column = tileIndex % across;
  const columns = [0, ...(column > 0 ? [-1] : []), ...(column < across - 1 ? [1] : [])];
  return columns.flatMap((step) => [tileIndex + step - across, tileIndex + step, tileIndex + step + across]);
}
