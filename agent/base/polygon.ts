/** Shares of the frame's width and height, 0..1; y grows downwards. */
export type Point = readonly [x: number, y: number];

/** Three or more corners in order; the last connects to the first. */
export type Polygon = readonly Point[];

/**
 * Whether a point lies inside a polygon: a ray to the right crosses the border an odd number of times (Shimrat 1962,
 * "Algorithm 112: Position of point relative to polygon"). A border that two polygons share belongs to only one of them.
 */
export function polygonContains(polygon: Polygon, [x, y]: Point): boolean {
  let inside = false;
  let previous = polygon.at(-1);
  for (const corner of polygon) {
    if (previous !== undefined && corner[1] > y !== previous[1] > y) {
      const share = (y - corner[1]) / (previous[1] - corner[1]);
      if (x < corner[0] + share * (previous[0] - corner[0])) inside = !inside;
    }
    previous = corner;
  }
  return inside;
}

/** The whole frame. */
const FRAME: Polygon = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 1],
];
/** Just inside the last row and column: the feet of objects that reach the edge of the frame are there. */
const LAST = 1 - 2 ** -20;
const SAMPLES = 64;

/** Points in a polygon: a grid of 64 × 64 in its bounding box, and its edge. */
function samplesIn(polygon: Polygon): readonly Point[] {
  const along = (values: readonly number[]) => {
    const [from, to] = [Math.min(...values), Math.max(...values)];
    const inside = Array.from(
      { length: SAMPLES },
      (_, index) => from + ((index + 0.5) / SAMPLES) * (to - from),
    );
    return [from, ...inside, Math.min(to, LAST)];
  };
  const columns = along(polygon.map(([x]) => x));
  const rows = along(polygon.map(([, y]) => y));
  return rows
    .flatMap((y) => columns.map((x): Point => [x, y]))
    .filter((point) => polygonContains(polygon, point));
}

const covers = (masks: readonly Polygon[]) => (point: Point) =>
  masks.some((mask) => polygonContains(mask, point));

/** Whether a polygon contains more than a line. */
export function hasArea(polygon: Polygon): boolean {
  return samplesIn(polygon).length > 0;
}

/** Whether every part of these polygons is inside a mask. */
export function areCovered(polygons: readonly Polygon[], masks: readonly Polygon[]): boolean {
  return masks.length > 0 && polygons.every((polygon) => samplesIn(polygon).every(covers(masks)));
}

export function isFrameCovered(masks: readonly Polygon[]): boolean {
  return areCovered([FRAME], masks);
}

/** The share of the frame outside of all masks. */
export function unmaskedShare(masks: readonly Polygon[]): number {
  const samples = samplesIn(FRAME);
  const masked = samples.filter(covers(masks)).length;
  return 1 - masked / samples.length;
}
