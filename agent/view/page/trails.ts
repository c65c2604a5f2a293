import type { Corner, Sight } from "./protocol.ts";

/** The positions of an object (bottom centre of its box) in the latest frames; shares of the frame. */
export type Trail = readonly Corner[];
/** By track. */
export type Trails = ReadonlyMap<number, Trail>;

/** Six seconds at five frames per second. */
const LENGTH = 30;

/** Extends the trails of a camera by one frame, and removes those of objects that are gone. */
export function advanceTrails(before: Trails, { objects, width, height }: Sight): Trails {
  return new Map(
    objects.map(({ track, box }) => {
      const here: Corner = [(box[0] + box[2]) / 2 / width, box[3] / height];
      return [track, [...(before.get(track) ?? []), here].slice(-LENGTH)];
    }),
  );
}
