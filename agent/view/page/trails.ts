import type { Corner, Sight } from "./protocol.ts";

/** The positions of an object (bottom centre of its box) in the latest frames; shares of the frame. */
export type Trail = readonly Corner[];
/** By track. */
export type Trails = ReadonlyMap<number, Trail>;

/**
 * The trails of the objects in a frame, through the positions at which they were found.
 * @param earlier the results for the frames before it, oldest first
 */
export function trailsTo(sight: Sight, earlier: readonly Sight[]): Trails {
  const trails = new Map<number, Corner[]>(sight.objects.map(({ track }) => [track, []]));
  for (const { objects, width, height } of [...earlier, sight]) {
    for (const { track, box, found, still } of objects) {
      if (!found && !still) continue;
      trails.get(track)?.push([(box[0] + box[2]) / 2 / width, box[3] / height]);
    }
  }
  return trails;
}
