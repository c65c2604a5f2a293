import type { RawFrame } from "../../../agent/camera/frame.ts";
import { seeded } from "../../support/base/seeded.ts";
import { greyFrame } from "../../support/camera/raw-frames.ts";

/** A uniform rectangle in a scene, pixels of the frame. */
export interface Patch {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Grey level. */
  readonly brightness: number;
}

export interface Shot {
  readonly patches?: readonly Patch[];
  /** The brightness in the frame for a brightness of the scene. */
  readonly exposure?: (brightness: number) => number;
  /** Standard deviation of the sensor's noise, grey levels. */
  readonly noise?: number;
  /** The camera's shift to the right, pixels. */
  readonly tremor?: number;
}

export const SIZE = { width: 384, height: 216 };

/** A wall with windows above a floor that grows darker: edges, gradients and flat parts. Levels 60 to 200. */
function brightnessOf(x: number, y: number): number {
  if (y > 140) return 110 - (y - 140) * 0.6;
  const isWindow = x % 96 > 60 && y > 30 && y < 80;
  return isWindow ? 70 : 200 - x * 0.15;
}

/** Takes frames of the scene: the same sequence for the same seed. */
export function openScene(seed: number): (shot?: Shot) => RawFrame {
  const random = seeded(seed);
  // The sum of twelve uniformly distributed numbers is approximately normal.
  const dice = Float32Array.from({ length: 8192 }, () => {
    let sum = -6;
    for (let throws = 0; throws < 12; throws++) sum += random();
    return sum;
  });
  return ({ patches = [], exposure, noise = 0, tremor = 0 } = {}) => {
    const levels = paint(patches);
    const brightness = new Uint8ClampedArray(levels.length);
    let die = Math.floor(random() * dice.length);
    for (let index = 0; index < levels.length; index++) {
      die = (die + 1) % dice.length;
      const toEdge = SIZE.width - 1 - (index % SIZE.width);
      const level = levels[index + Math.min(tremor, toEdge)] ?? 0;
      brightness[index] = (exposure === undefined ? level : exposure(level)) + noise * (dice[die] ?? 0);
    }
    return greyFrame(SIZE.width, SIZE.height, brightness);
  };
}

const EMPTY = Float32Array.from({ length: SIZE.width * SIZE.height }, (_, index) => {
  return brightnessOf(index % SIZE.width, Math.floor(index / SIZE.width));
});

/** The scene with its patches, cut off at the frame's edges. */
function paint(patches: readonly Patch[]): Float32Array {
  const levels = EMPTY.slice();
  for (const { x, y, width, height, brightness } of patches) {
    for (let row = Math.max(y, 0); row < Math.min(y + height, SIZE.height); row++) {
      const first = row * SIZE.width;
      levels.fill(brightness, first + Math.max(x, 0), first + Math.min(Math.max(x + width, 0), SIZE.width));
    }
  }
  return levels;
}
