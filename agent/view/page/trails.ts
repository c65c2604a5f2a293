import type { Corner, Sight } from "./protocol.ts";

/** Where an object stood (bottom centre of its box), frame by frame; shares of the picture. */
export type Trail = readonly Corner[];
/** By track. */
export type Trails = ReadonlyMap<number, Trail>;

/** Six seconds at five frames a second. */
const LENGTH = 30;

/** The ways of the objects of one camera, one frame further. Of what is gone nothing is kept. */
export function advanceTrails(before: Trails, { objects, width, height }: Sight): Trails {
  return new Map(
    objects.map(({ track, box }) => {
      const here: Corner = [(box[0] + box[2]) / 2 / width, box[3] / height];
      return [track, [...(before.get(track) ?? []), here].slice(-LENGTH)];
    }),
  );
}
