import type { Size } from "./box.ts";

/** Clockwise, degrees. */
export type Rotation = 0 | 90 | 180 | 270;

export const ROTATIONS: readonly Rotation[] = [0, 90, 180, 270];

/** The rotation next to an angle. @param degrees clockwise; negative: anticlockwise */
export function rotationOf(degrees: number): Rotation {
  const quarters = ((Math.round(degrees / 90) % 4) + 4) % 4;
  return ROTATIONS[quarters] ?? 0;
}

/** The size of a frame after a rotation. */
export function rotatedSize({ width, height }: Size, rotation: Rotation): Size {
  return rotation === 90 || rotation === 270 ? { width: height, height: width } : { width, height };
}
