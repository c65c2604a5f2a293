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
